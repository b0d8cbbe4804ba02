/* SPDX-License-Identifier: MIT
 *
 * Posting to a thread by its id: what is the same whether the caller waits in
 * the call or in its loop. The errand is told by its owner's parker
 * (`sleeps`) or source, which the caller sets between the two steps.
 */
#ifndef WTI_POST_TO_THREAD_H
#define WTI_POST_TO_THREAD_H

#include "thread_message.h"

/* Check what a public call was given, and make an errand of it. 0, or the error to return. */
int wti_post_create(struct wti_errand **errand, uint64_t id, const wt_outgoing *message, wt_time deadline);

/* Send it off. On failure nothing has moved, and the errand is freed. */
int wti_post_enter(struct wti_errand *errand, uint64_t id, const wt_outgoing *message, wt_time deadline);

#endif
