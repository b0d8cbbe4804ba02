/* SPDX-License-Identifier: MIT
 *
 * The element oracle: messages that say who sent them, and which number they have.
 */
#ifndef SUPPORT_ELEMENT_H
#define SUPPORT_ELEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fill `size` bytes (at least 16) with producer, sequence number and a pattern that follows from both. */
void element_fill(void *bytes, size_t size, uint32_t producer, uint64_t sequence);

/* Whether they are whole; producer and sequence are read back. */
bool element_check(const void *bytes, size_t size, uint32_t *producer, uint64_t *sequence);

#endif
