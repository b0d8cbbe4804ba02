/* SPDX-License-Identifier: MIT */
#include "stress/track.h"

#include <inttypes.h>

static void track_leap(struct track *track, uint64_t sequence)
{
	if (track->gaps < TRACK_GAPS) {
		track->gap[track->gaps].begin = track->next;
		track->gap[track->gaps].end = sequence;
		track->gaps++;
	}
	track->missed += sequence - track->next;
}

static bool track_was_missed(const struct track *track, uint64_t sequence)
{
	for (unsigned i = 0; i < track->gaps; i++)
		if (sequence >= track->gap[i].begin && sequence < track->gap[i].end)
			return true;
	return false;
}

void track_meet(struct track *track, uint64_t sequence, const char *who, struct verdict *verdict)
{
	track->received++;
	if (track->begun && sequence < track->next) {
		verdict_fail(verdict, __FILE__, __LINE__, "%s: %" PRIu64 " %s, after %" PRIu64, who, sequence,
			     track_was_missed(track, sequence) ? "out of order" : "repeated", track->next - 1);
		return;
	}
	if (track->begun && sequence > track->next)
		track_leap(track, sequence);
	track->begun = true;
	track->next = sequence + 1;
}

void track_end(const struct track *track, uint64_t sent, const char *who, struct verdict *verdict)
{
	if (track->missed)
		verdict_fail(verdict, __FILE__, __LINE__, "%s: %" PRIu64 " lost, from %" PRIu64 " on", who,
			     track->missed, track->gap[0].begin);
	if (track->next != sent)
		verdict_fail(verdict, __FILE__, __LINE__, "%s: %" PRIu64 " sent, of which the last of %" PRIu64 " came",
			     who, sent, track->next);
}
