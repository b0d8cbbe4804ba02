/* SPDX-License-Identifier: MIT
 *
 * The elements of one sender as one receiver meets them: says of the first
 * that is wrong whether it was lost, repeated or came out of order. (That one
 * is torn, element_check says.)
 */
#ifndef STRESS_TRACK_H
#define STRESS_TRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "support/verdict.h"

enum { TRACK_GAPS = 16 };

struct track {
	uint64_t next; /* the number of the element that is to come */
	uint64_t received;
	uint64_t missed; /* below `next`, and not received */
	bool begun;      /* receivers that come late begin with the first that they see */
	unsigned gaps;
	struct {
		uint64_t begin, end;
	} gap[TRACK_GAPS]; /* the first of those that were missed */
};

/* Element `sequence` has come. Fails the verdict if it is a repetition, or out of order. */
void track_meet(struct track *track, uint64_t sequence, const char *who, struct verdict *verdict);

/* `sent` elements were sent. Fails the verdict where some are lost. */
void track_end(const struct track *track, uint64_t sent, const char *who, struct verdict *verdict);

#endif
