/* SPDX-License-Identifier: MIT
 *
 * Buffers. The struct is small and its memory apart, so that a buffer moves
 * by its pointer. It belongs to whoever has that; nothing in it is atomic,
 * for what hands the pointer over orders what was done before.
 */
#ifndef WTI_BUFFER_H
#define WTI_BUFFER_H

#include <wt/buffer.h>

#include "cargo.h"
#include "misuse.h"

struct wt_buffer {
	WTI_HANDLE
	struct wti_transferable transferable;
	void *data;
	size_t size; /* bytes */
	void (*deleter)(void *data, void *arg); /* NULL: nothing is to be done */
	void *arg;
	bool untransferable;
};

#endif
