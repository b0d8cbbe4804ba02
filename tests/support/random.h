/* SPDX-License-Identifier: MIT
 *
 * Random numbers of which a seed gives the same again.
 */
#ifndef SUPPORT_RANDOM_H
#define SUPPORT_RANDOM_H

#include <stdint.h>

/* The next one; the state may begin as anything. SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t support_random(uint64_t *state);

#endif
