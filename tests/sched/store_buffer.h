/* SPDX-License-Identifier: MIT
 *
 * The stores of one fibre that the others do not see yet: total store order,
 * which is what x86 has (Owens, Sarkar, Sewell: A better x86 memory model,
 * TPHOLs 2009). They become visible in their order; the fibre itself sees them
 * at once. Weaker processors also swap other accesses, which nothing here
 * shows.
 */
#ifndef SCHED_STORE_BUFFER_H
#define SCHED_STORE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STORE_BUFFER_MOST = 32 };

struct store {
	volatile void *address;
	unsigned size; /* bytes, 8 at the most */
	unsigned char value[8];
};

struct store_buffer {
	struct store store[STORE_BUFFER_MOST];
	unsigned count;
};

/* The oldest becomes visible where there is no room. */
void store_buffer_add(struct store_buffer *buffer, volatile void *address, const void *value, unsigned size);

/* Make the first `count` visible. */
void store_buffer_drain(struct store_buffer *buffer, unsigned count);

/* What the fibre sees: a load of its own, from the buffer or from memory. */
void store_buffer_load(struct store_buffer *buffer, const volatile void *address, void *value, unsigned size);

/* Whether one of them goes to these bytes. */
bool store_buffer_has(const struct store_buffer *buffer, uintptr_t address, size_t size);

#endif
