/* SPDX-License-Identifier: MIT
 *
 * The header of a record in a ring: one word, zero until the record is
 * committed, then its kind, the size of its payload and the sender's type.
 * Shared by the ring's files.
 */
#ifndef WTI_RECORD_H
#define WTI_RECORD_H

#include "base.h"

enum wti_record_kind {
	WTI_RECORD_NONE = 0, /* not committed */
	WTI_RECORD_MESSAGE,  /* the payload follows */
	WTI_RECORD_CARGO,    /* a struct wti_cargo follows, and behind it the payload */
	WTI_RECORD_OUTLINE,  /* a struct wti_outline follows */
	WTI_RECORD_OUTLINE_CARGO, /* the same, of a block that begins with a struct wti_cargo */
	WTI_RECORD_PAD,      /* to be skipped: the end of a segment where the next record did not fit, or abandoned */
	WTI_RECORD_LINK      /* the next record is in the next segment */
};

#define WTI_HEADER_SIZE sizeof(uint64_t)

/* A payload too large for the ring, in a block of its own that the consumer frees. */
struct wti_outline {
	void *block;
	size_t size;    /* bytes of the message */
	size_t charged; /* bytes that the limit counts: those of the block */
};

static inline uint64_t wti_header(enum wti_record_kind kind, size_t size, uint32_t type)
{
	return (uint64_t)type << 32 | (uint64_t)size << 3 | (uint64_t)kind;
}

static inline enum wti_record_kind wti_header_kind(uint64_t header)
{
	return (enum wti_record_kind)(header & 7);
}

static inline size_t wti_header_payload(uint64_t header)
{
	return (uint32_t)header >> 3;
}

static inline uint32_t wti_header_type(uint64_t header)
{
	return (uint32_t)(header >> 32);
}

/* Whether the record, which is committed, is one that a receiver sees. */
static inline bool wti_header_is_message(uint64_t header)
{
	return wti_header_kind(header) < WTI_RECORD_PAD;
}

/* Whether it is a message's bytes alone, and less than `below`, a power of two. */
static inline bool wti_header_is_plain(uint64_t header, uint32_t below)
{
	return ((uint32_t)header & (~(below * 8 - 1) | 7)) == WTI_RECORD_MESSAGE;
}

/* Bytes that a record with this payload takes in the ring. */
static inline size_t wti_record_size(size_t payload)
{
	return WTI_HEADER_SIZE + wti_round_up(payload, 8);
}

#endif
