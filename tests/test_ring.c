/* SPDX-License-Identifier: MIT */
#include "alloc.h"
#include "ring.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <wt/error.h>

#include "os.h"
#include "record.h"
#include "ring_next.h"
#include "ring_post.h"
#include "seam.h"
#include "support/support.h"
#include "wait.h"

#define KIB ((size_t)1024)
#define MIB ((size_t)1024 * 1024)

/* The largest payload inside the ring. */
#define INLINE_MAX (WTI_RECORD_MAX - WTI_HEADER_SIZE)

/* None of the records here carries anything. */
static void ring_end(struct wti_ring *ring)
{
	struct wti_list dropped;

	wti_list_init(&dropped);
	wti_ring_destroy(ring, &dropped);
	assert_true(wti_list_empty(&dropped));
}

/* Of one producer or many, on a processor of AMD's or another: who zeroes what is not the same. */
enum { KINDS = 4 };

static void init_kind(struct wti_ring *ring, size_t capacity, size_t limit, unsigned kind)
{
	support_use_processor(kind & 2);
	wti_ring_init(ring, capacity, limit, kind & 1);
}

/* Payload bytes that follow from a message's number, for messages too small for the element oracle. */
static void fill(unsigned char *bytes, size_t size, uint64_t number)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(number * 37 + i);
}

static bool is_filled(const void *data, size_t size, uint64_t number)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++)
		if (bytes[i] != (unsigned char)(number * 37 + i))
			return false;
	return true;
}

static int post(struct wti_ring *ring, size_t size, uint64_t number)
{
	unsigned char *bytes = malloc(size + 1);
	int err;

	assert_non_null(bytes);
	fill(bytes, size, number);
	err = wti_ring_post(ring, bytes, size, (uint32_t)number);
	/* Copied: what the sender writes now is not seen. */
	memset(bytes, 0xee, size);
	free(bytes);
	return err;
}

/* The next record is this one, whole. */
static void expect_view(struct wti_ring *ring, size_t size, uint64_t number)
{
	struct wti_record record;

	assert_true(wti_ring_ready(ring));
	assert_true(wti_ring_next(ring, &record));
	assert_int_equal(record.size, size);
	assert_int_equal(record.type, (uint32_t)number);
	assert_non_null(record.data);
	assert_int_equal((uintptr_t)record.data % 8, 0);
	assert_true(is_filled(record.data, size, number));
}

static void expect(struct wti_ring *ring, size_t size, uint64_t number)
{
	expect_view(ring, size, number);
	wti_ring_release(ring, ring->read);
}

static void expect_empty(struct wti_ring *ring)
{
	struct wti_record record;

	assert_false(wti_ring_ready(ring));
	assert_false(wti_ring_next(ring, &record));
	wti_ring_release(ring, ring->read);
	wti_ring_flush(ring);
	assert_int_equal(wti_ring_used(ring), 0);
}

/* ---- Order and sizes ---- */

/* ---- Layout ---- */

#define LINE_OF(field) (offsetof(struct wti_ring, field) / WTI_CACHE_LINE)

/*
 * What producers touch at each post is one line, what the consumer does at
 * each message another, and the other one does not write there; nor does
 * either when the ring grows.
 */
static void each_side_has_lines_of_its_own(void **state)
{
	static struct wti_ring ring;

	(void)state;
	assert_int_equal((uintptr_t)&ring % WTI_CACHE_LINE, 0);
	assert_int_equal(offsetof(struct wti_ring, tail) % WTI_CACHE_LINE, 0);
	assert_true(LINE_OF(first) < LINE_OF(tail) && LINE_OF(special) == LINE_OF(tail));
	assert_true(LINE_OF(spare) > LINE_OF(tail) && LINE_OF(done_segment) < LINE_OF(head));
	assert_true(LINE_OF(dropped) == LINE_OF(done_segment));
	assert_int_equal(offsetof(struct wti_ring, head) % WTI_CACHE_LINE, 0);
	assert_true(sizeof(struct wti_ring) - offsetof(struct wti_ring, head) == WTI_CACHE_LINE);
	assert_true(sizeof(struct wti_ring) % WTI_CACHE_LINE == 0);
}

static void a_new_ring_is_empty_and_takes_no_memory(void **state)
{
	static struct wti_ring ring;

	(void)state;
	support_count();
	wti_ring_init(&ring, 0, WTI_NO_LIMIT, false);
	expect_empty(&ring);
	assert_true(wti_ring_has_room(&ring, 1));
	ring_end(&ring);
	assert_int_equal(support_counts.allocations, 0);
}

/* [M1] [M4] */
static void records_come_out_in_order_each_once(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < KINDS; kind++) {
		static struct wti_ring ring;

		init_kind(&ring, 0, WTI_NO_LIMIT, kind);
		for (uint64_t i = 0; i < 10000; i++)
			assert_int_equal(post(&ring, i % 50, i), 0);
		for (uint64_t i = 0; i < 10000; i++)
			expect(&ring, i % 50, i);
		expect_empty(&ring);
		ring_end(&ring);
	}
}

static void a_look_ahead_counts_what_lies_in_one_segment(void **state)
{
	enum { ALL = 20, BYTES = 8 };

	(void)state;
	for (unsigned kind = 0; kind < KINDS; kind++) {
		static struct wti_ring ring;

		init_kind(&ring, 0, WTI_NO_LIMIT, kind);
		assert_false(wti_ring_ready_beyond(&ring, 0));
		for (unsigned n = 0; n < 10 * ALL; n++) {
			for (unsigned i = 0; i < n % ALL; i++)
				assert_int_equal(post(&ring, BYTES, i), 0);
			for (unsigned i = 0; i < n % ALL; i++) {
				for (unsigned beyond = 0; beyond < ALL; beyond++)
					assert_int_equal(wti_ring_ready_beyond(&ring, beyond), n % ALL - i > beyond);
				expect(&ring, BYTES, i);
			}
		}
		expect_empty(&ring);
		ring_end(&ring);
	}
}

/* ---- The short way of either side ---- */

static bool post_short(struct wti_ring *ring, size_t size, uint64_t number)
{
	unsigned char bytes[WTI_SHORT_MAX + 1];

	assert_true(size <= sizeof bytes);
	fill(bytes, size, number);
	return wti_ring_post_short(ring, bytes, size);
}

static void expect_short(struct wti_ring *ring, size_t size, uint64_t number)
{
	const struct wti_record record = wti_ring_next_short(ring);

	assert_non_null(record.data);
	assert_int_equal(record.size, size);
	assert_null(record.cargo);
	assert_true(is_filled(record.data, size, number));
}

/* One that is left to wti_ring_next, which then finds it. */
static void expect_not_short(struct wti_ring *ring, size_t size, uint64_t number)
{
	assert_null(wti_ring_next_short(ring).data);
	expect_view(ring, size, number);
}

/* [M1] */
static void short_messages_take_the_short_way_up_to_the_end_of_the_room(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < KINDS; kind++) {
		static struct wti_ring ring;
		size_t posted = 1;

		init_kind(&ring, KIB, WTI_NO_LIMIT, kind);
		assert_false(post_short(&ring, 8, 0)); /* there is no segment */
		assert_int_equal(post(&ring, 8, 0), 0);
		while (post_short(&ring, 8, posted))
			posted++;
		assert_int_equal(posted, KIB / 16 - 1); /* the last word is for a link */
		assert_int_equal(wti_ring_used(&ring), posted * 16);
		assert_int_equal(post(&ring, 8, posted), 0);
		expect_not_short(&ring, 8, 0); /* the first segment is found */
		for (size_t i = 1; i < posted; i++)
			expect_short(&ring, 8, i);
		expect_not_short(&ring, 8, posted);
		wti_ring_release(&ring, ring.read);
		expect_empty(&ring);
		ring_end(&ring);
	}
}

/* There is room for each, but only 32 bytes before the segment begins anew. */
static void a_record_that_passes_the_end_of_a_segment_does_not_take_the_short_way(void **state)
{
	(void)state;
	for (size_t size = 8; size <= 40; size += 8) {
		static struct wti_ring ring;
		bool fits = size <= 24;

		wti_ring_init(&ring, WTI_SEGMENT_MIN, WTI_NO_LIMIT, false);
		for (size_t i = 0; i < 2 * WTI_SEGMENT_MIN / 32 - 1; i++) {
			assert_int_equal(post(&ring, 24, i), 0);
			expect(&ring, 24, i);
		}
		wti_ring_flush(&ring);
		assert_int_equal(post_short(&ring, size, 0), fits);
		if (fits) {
			expect_short(&ring, size, 0);
		} else {
			assert_int_equal(post(&ring, size, 1), 0);
			expect_not_short(&ring, size, 1);
			assert_int_equal(post(&ring, size, 2), 0);
			expect_short(&ring, size, 2);
		}
		ring_end(&ring);
	}
}

static void only_a_short_message_without_a_limit_or_a_timeline_takes_the_short_way(void **state)
{
	static struct wti_ring ring, limited, traced;

	(void)state;
	wti_ring_init(&ring, 64 * KIB, WTI_NO_LIMIT, false);
	wti_ring_init(&limited, 64 * KIB, 64 * KIB, false);
	wti_ring_init(&traced, 64 * KIB, WTI_NO_LIMIT, true);
	wti_ring_trace(&traced, 1);
	assert_int_equal(post(&ring, 8, 0) | post(&limited, 8, 0) | post(&traced, 8, 0), 0);
	expect(&ring, 8, 0);
	for (size_t size = 0; size <= WTI_SHORT_MAX + 1; size++) {
		bool is_short = size >= WTI_SHORT_MIN && size <= WTI_SHORT_MAX;

		assert_int_equal(post_short(&ring, size, size), is_short);
		assert_false(post_short(&limited, size, size));
		assert_false(post_short(&traced, size, size));
		if (is_short)
			expect_short(&ring, size, size);
		wti_ring_release(&ring, ring.read);
	}
	ring_end(&ring);
	ring_end(&limited);
	ring_end(&traced);
}

/* Bytes alone, and fewer than a large message has. */
static void what_is_more_than_a_messages_bytes_is_not_taken_the_short_way(void **state)
{
	static struct wti_ring ring;
	struct wti_ring_slot slot;

	(void)state;
	wti_ring_init(&ring, 256 * KIB, WTI_NO_LIMIT, false);
	assert_null(wti_ring_next_short(&ring).data);
	assert_int_equal(post(&ring, 0, 0) | post(&ring, WTI_RING_LARGE - 1, 1) | post(&ring, WTI_RING_LARGE, 2), 0);
	assert_int_equal(post(&ring, INLINE_MAX + 1, 3), 0);
	assert_int_equal(wti_ring_reserve(&ring, 16, &slot), 0);
	assert_int_equal(post(&ring, 8, 4), 0);
	expect_not_short(&ring, 0, 0); /* the first segment is found */
	expect_short(&ring, WTI_RING_LARGE - 1, 1);
	expect_not_short(&ring, WTI_RING_LARGE, 2);
	expect_not_short(&ring, INLINE_MAX + 1, 3);
	assert_null(wti_ring_next_short(&ring).data); /* not committed */
	wti_ring_abandon(&ring, &slot);
	expect_not_short(&ring, 8, 4);
	assert_null(wti_ring_next_short(&ring).data); /* none */
	wti_ring_release(&ring, ring.read);
	expect_empty(&ring);
	ring_end(&ring);
}

static void a_glance_sees_what_there_is_to_look_for(void **state)
{
	static struct wti_ring ring;
	struct wti_ring_slot slot;

	(void)state;
	wti_ring_init(&ring, 0, WTI_NO_LIMIT, false);
	assert_int_equal(post(&ring, 8, 0), 0);
	assert_false(wti_ring_glance(&ring, 2)); /* the first segment is still to be found */
	expect_view(&ring, 8, 0);
	assert_false(wti_ring_glance(&ring, 2));
	assert_int_equal(wti_ring_reserve(&ring, 16, &slot), 0);
	assert_int_equal(post(&ring, 0, 1), 0);
	assert_false(wti_ring_glance(&ring, 2)); /* what is first is not committed */
	wti_ring_abandon(&ring, &slot);
	assert_true(wti_ring_glance(&ring, 1)); /* padding, to be passed */
	expect_view(&ring, 0, 1);
	assert_false(wti_ring_glance(&ring, 2));
	assert_int_equal(post(&ring, 0, 2), 0);
	assert_false(wti_ring_glance(&ring, 0));
	assert_true(wti_ring_glance(&ring, 1));
	expect_view(&ring, 0, 2);
	ring_end(&ring);
}

/* Read, and released the short way as often as that does it: how often. */
static size_t release_short(struct wti_ring *ring, size_t count, size_t size)
{
	size_t plain = 0;

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(post(ring, size, i), 0);
		expect_view(ring, size, i);
		if (wti_ring_release_short(ring))
			plain++;
		else
			wti_ring_release(ring, ring->read);
		assert_int_equal(ring->done, ring->read);
	}
	return plain;
}

/* A segment of 4 KiB is given back in eighths, of which every 32nd message of 16 bytes ends one. */
static void a_release_takes_the_short_way_but_for_the_end_of_a_batch(void **state)
{
	static struct wti_ring ring;
	uint64_t head;

	(void)state;
	wti_ring_init(&ring, 4 * KIB, WTI_NO_LIMIT, false);
	release_short(&ring, 1, 8);
	wti_ring_flush(&ring);
	head = wti_load(&ring.head);
	assert_int_equal(release_short(&ring, 31, 8), 31);
	assert_int_equal(wti_load(&ring.head), head);
	assert_int_equal(release_short(&ring, 1, 8), 0);
	assert_true(wti_load(&ring.head) > head);
	/* The next batch ends with whole lines, one message sooner; at the 64th since the flush the use is noted. */
	assert_int_equal(release_short(&ring, 32, 8), 30);
	expect_empty(&ring);
	ring_end(&ring);
}

static void what_holds_more_than_bytes_is_not_released_the_short_way(void **state)
{
	static struct wti_ring ring;

	(void)state;
	wti_ring_init(&ring, 4 * KIB, WTI_NO_LIMIT, false);
	release_short(&ring, 1, 8);
	assert_int_equal(post(&ring, 8, 1) | post(&ring, INLINE_MAX + 1, 2) | post(&ring, 8, 3), 0);
	expect_view(&ring, 8, 1);
	expect_view(&ring, INLINE_MAX + 1, 2);
	expect_view(&ring, 8, 3);
	assert_false(wti_ring_release_short(&ring));
	assert_true(wti_ring_used(&ring) > INLINE_MAX);
	wti_ring_release(&ring, ring.read);
	assert_int_equal(release_short(&ring, 1, 8), 1);
	expect_empty(&ring);
	ring_end(&ring);
}

/* What is released is far less than a batch. */
static void expect_held_release(struct wti_ring *ring, uint64_t number)
{
	wti_ring_flush(ring);
	expect_view(ring, 8, number);
	expect_view(ring, 8, number + 1);
	assert_false(wti_ring_release_short(ring));
	wti_ring_release(ring, ring->read);
	assert_int_equal(release_short(ring, 1, 8), 1);
	expect_empty(ring);
}

static void a_pad_that_was_passed_is_not_released_the_short_way(void **state)
{
	static struct wti_ring ring;
	struct wti_ring_slot slot;

	(void)state;
	wti_ring_init(&ring, 4 * KIB, WTI_NO_LIMIT, false);
	release_short(&ring, 1, 8);
	assert_int_equal(post(&ring, 8, 0), 0);
	assert_int_equal(wti_ring_reserve(&ring, 8, &slot), 0);
	assert_int_equal(post(&ring, 8, 1), 0);
	wti_ring_abandon(&ring, &slot);
	expect_held_release(&ring, 0);
	ring_end(&ring);
}

static void a_link_that_was_passed_is_not_released_the_short_way(void **state)
{
	enum { FULL = 4096 / 16 - 1 };
	static struct wti_ring ring;

	(void)state;
	wti_ring_init(&ring, 4 * KIB, WTI_NO_LIMIT, false);
	for (uint64_t i = 0; i <= FULL; i++)
		assert_int_equal(post(&ring, 8, i), 0);
	for (uint64_t i = 0; i < FULL - 1; i++)
		expect(&ring, 8, i);
	assert_ptr_equal(ring.read_segment, wti_load(&ring.first));
	expect_held_release(&ring, FULL - 1);
	assert_ptr_not_equal(ring.read_segment, wti_load(&ring.first));
	ring_end(&ring);
}

/* Senders may wait for each byte. */
static void with_a_limit_no_release_takes_the_short_way(void **state)
{
	static struct wti_ring ring;

	(void)state;
	wti_ring_init(&ring, 4 * KIB, 4 * KIB, false);
	assert_int_equal(release_short(&ring, 1000, 8), 0);
	expect_empty(&ring);
	ring_end(&ring);
}

static void a_record_of_no_bytes_is_a_record(void **state)
{
	static struct wti_ring ring;
	struct wti_record record;

	(void)state;
	wti_ring_init(&ring, 0, WTI_NO_LIMIT, false);
	assert_int_equal(wti_ring_post(&ring, NULL, 0, 0), 0);
	assert_true(wti_ring_next(&ring, &record));
	assert_int_equal(record.size, 0);
	assert_non_null(record.data);
	wti_ring_release(&ring, ring.read);
	expect_empty(&ring);
	ring_end(&ring);
}

/* Every size next to a word's, a line's, a segment's and the record's bound, alone and behind another. */
static void every_size_arrives_whole(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < KINDS; kind++) {
		static struct wti_ring ring;
		uint64_t number = 0;

		init_kind(&ring, 0, WTI_NO_LIMIT, kind);
		for (size_t middle = 16; middle <= 2 * (size_t)WTI_SEGMENT_MAX; middle *= 2) {
			for (size_t size = middle - 16; size <= middle + 16; size++) {
				assert_int_equal(post(&ring, size, number), 0);
				assert_int_equal(post(&ring, 3, number + 1), 0);
				expect(&ring, size, number);
				expect(&ring, 3, number + 1);
				number += 2;
			}
		}
		expect_empty(&ring);
		ring_end(&ring);
	}
}

static void a_payload_that_is_too_large_for_a_record_goes_into_a_block_of_its_own(void **state)
{
	static struct wti_ring ring;

	(void)state;
	support_count();
	wti_ring_init(&ring, WTI_SEGMENT_MAX, WTI_NO_LIMIT, false);
	assert_int_equal(post(&ring, 1, 1), 0);
	support_count_reset();
	assert_int_equal(post(&ring, INLINE_MAX, 2), 0);
	assert_int_equal(support_counts.allocations, 0);
	assert_int_equal(post(&ring, INLINE_MAX + 1, 3), 0);
	assert_int_equal(support_counts.allocations, 1);
	assert_int_equal(post(&ring, 64 * MIB, 4), 0);
	assert_int_equal(support_counts.allocations, 2);
	expect(&ring, 1, 1);
	expect(&ring, INLINE_MAX, 2);
	assert_int_equal(support_counts.frees, 0);
	expect(&ring, INLINE_MAX + 1, 3);
	assert_int_equal(support_counts.frees, 1);
	expect(&ring, 64 * MIB, 4);
	assert_int_equal(support_counts.frees, 2);
	expect_empty(&ring);
	ring_end(&ring);
	assert_int_equal(support_counts.bytes, 0);
}

static void bytes_are_gathered_in_order(void **state)
{
	static char large[INLINE_MAX];
	char joined[INLINE_MAX + 5];
	const struct iovec iov[] = {
		{ (void *)(uintptr_t) "one", 3 }, { NULL, 0 }, { large, sizeof large }, { (void *)(uintptr_t) "!?", 2 },
	};
	static struct wti_ring ring;
	struct wti_record record;

	(void)state;
	for (size_t i = 0; i < sizeof large; i++)
		large[i] = (char)i;
	memcpy(joined, "one", 3);
	memcpy(joined + 3, large, sizeof large);
	memcpy(joined + 3 + sizeof large, "!?", 2);
	wti_ring_init(&ring, 0, WTI_NO_LIMIT, false);
	assert_int_equal(wti_ring_post_iov(&ring, iov, 2, 3, 7), 0);
	assert_int_equal(wti_ring_post_iov(&ring, iov, 0, 0, 8), 0);
	assert_int_equal(wti_ring_post_iov(&ring, iov, 4, sizeof joined, 9), 0);
	assert_true(wti_ring_next(&ring, &record));
	assert_int_equal(record.type, 7);
	assert_int_equal(record.size, 3);
	assert_memory_equal(record.data, "one", 3);
	assert_true(wti_ring_next(&ring, &record));
	assert_int_equal(record.type, 8);
	assert_int_equal(record.size, 0);
	assert_true(wti_ring_next(&ring, &record));
	assert_int_equal(record.type, 9);
	assert_int_equal(record.size, sizeof joined);
	assert_memory_equal(record.data, joined, sizeof joined);
	ring_end(&ring);
}

static void a_type_keeps_all_its_bits(void **state)
{
	static const uint32_t types[] = { 0, 1, 7, 8, UINT32_MAX, 0x80000000, 0x7fffffff };
	static struct wti_ring ring;
	struct wti_record record;

	(void)state;
	wti_ring_init(&ring, 0, WTI_NO_LIMIT, false);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		assert_int_equal(wti_ring_post(&ring, "x", i & 1, types[i]), 0);
		assert_true(wti_ring_next(&ring, &record));
		assert_int_equal(record.type, types[i]);
		assert_int_equal(record.size, i & 1);
		wti_ring_release(&ring, ring.read);
	}
	ring_end(&ring);
}

/* ---- Views ---- */

/* As many views as there are records: nothing that is posted meanwhile touches them. */
static void views_stay_until_they_are_released(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < KINDS; kind++) {
		static struct wti_ring ring;
		struct wti_record views[100];

		init_kind(&ring, 0, WTI_NO_LIMIT, kind);
		for (uint64_t i = 0; i < 100; i++) {
			assert_int_equal(post(&ring, 10 * i, i), 0);
			assert_true(wti_ring_next(&ring, &views[i]));
		}
		for (uint64_t i = 0; i < 5000; i++)
			assert_int_equal(post(&ring, 100, 1000 + i), 0);
		for (uint64_t i = 0; i < 100; i++) {
			assert_int_equal(views[i].size, 10 * i);
			assert_true(is_filled(views[i].data, views[i].size, i));
		}
		wti_ring_release(&ring, ring.read);
		for (uint64_t i = 0; i < 5000; i++)
			expect(&ring, 100, 1000 + i);
		expect_empty(&ring);
		ring_end(&ring);
	}
}

static void progress_is_told_where_much_is_unread(void **state)
{
	static struct wti_ring ring;
	uint64_t before;

	(void)state;
	wti_ring_init(&ring, 65536, WTI_NO_LIMIT, false);
	assert_int_equal(wti_ring_progress(&ring), 0);
	for (uint64_t i = 0; i < WTI_RING_STEP / 16 - 1; i++)
		assert_int_equal(post(&ring, 8, i), 0);
	assert_int_equal(wti_ring_progress(&ring), 0);
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(post(&ring, 8, i), 0);
	before = wti_ring_progress(&ring);
	assert_int_not_equal(before, 0);
	assert_int_equal(wti_ring_progress(&ring), before);
	for (uint64_t i = 0; i < WTI_RING_STEP / 16 + 1; i++) {
		struct wti_record record;

		assert_true(wti_ring_next(&ring, &record));
		wti_ring_release(&ring, ring.read);
	}
	assert_int_not_equal(wti_ring_progress(&ring), 0);
	assert_int_not_equal(wti_ring_progress(&ring), before);
	wti_ring_flush(&ring);
	ring_end(&ring);
}

/* Several at once, up to a record in the middle; the views behind it stay. */
static void a_release_takes_all_that_lies_before(void **state)
{
	static struct wti_ring ring;
	struct wti_record last;
	uint64_t middle = 0;

	(void)state;
	wti_ring_init(&ring, 256, 1000, false);
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(post(&ring, 8, i), 0);
	assert_int_equal(wti_ring_used(&ring), 160);
	for (uint64_t i = 0; i < 10; i++) {
		assert_true(wti_ring_next(&ring, &last));
		if (i == 5)
			middle = ring.read;
	}
	assert_int_equal(wti_ring_used(&ring), 160);
	wti_ring_release(&ring, middle);
	assert_int_equal(wti_ring_used(&ring), 64);
	for (uint64_t i = 10; i < 40; i++)
		assert_int_equal(post(&ring, 8, i), 0);
	assert_true(is_filled(last.data, 8, 9));
	wti_ring_release(&ring, middle);
	wti_ring_release(&ring, ring.read);
	for (uint64_t i = 10; i < 40; i++)
		expect(&ring, 8, i);
	expect_empty(&ring);
	ring_end(&ring);
}

/* Without a limit, room comes back in batches, and all of it with a flush. */
static void a_flush_gives_back_what_was_released(void **state)
{
	static struct wti_ring ring;

	(void)state;
	wti_ring_init(&ring, 4096, WTI_NO_LIMIT, false);
	assert_int_equal(post(&ring, 8, 0), 0);
	assert_int_equal(post(&ring, 8, 1), 0);
	expect(&ring, 8, 0);
	wti_ring_flush(&ring);
	assert_int_equal(wti_ring_used(&ring), 16);
	wti_ring_flush(&ring);
	expect(&ring, 8, 1);
	wti_ring_flush(&ring);
	assert_int_equal(wti_ring_used(&ring), 0);
	ring_end(&ring);
}

/* ---- Segments ---- */

static void empty_as_fast(uint64_t origin, unsigned kind)
{
	static struct wti_ring ring;

	support_count();
	wti_ring_origin = origin;
	init_kind(&ring, 1024, WTI_NO_LIMIT, kind);
	/* Of all sizes, so that the end of the segment is met with any rest and padded. */
	for (uint64_t i = 0; i < 20000; i++) {
		assert_int_equal(post(&ring, i * 7 % 250, i), 0);
		expect(&ring, i * 7 % 250, i);
		if (i == 0)
			support_count_reset();
	}
	assert_int_equal(support_counts.allocations, 0);
	expect_empty(&ring);
	ring_end(&ring);
}

/* A ring that is read as fast as it is written keeps to the segment that it has, for ever: also where positions wrap. */
static void a_ring_that_is_emptied_does_not_grow(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < KINDS; kind++) {
		empty_as_fast(0, kind);
		empty_as_fast(0 - (uint64_t)8192, kind);
	}
}

static void a_ring_grows_through_all_sizes_and_keeps_order(void **state)
{
	(void)state;
	for (size_t capacity = 1; capacity <= 2 * (size_t)WTI_SEGMENT_MAX; capacity *= 4) {
		for (unsigned kind = 0; kind < KINDS; kind++) {
			static struct wti_ring ring;
			uint64_t read = 0, posted = 0;

			support_count();
			init_kind(&ring, capacity, WTI_NO_LIMIT, kind);
			/* Three posts for each one read, so that the consumer crosses links while it grows. */
			while (posted < 6000) {
				for (int i = 0; i < 3; i++, posted++)
					assert_int_equal(post(&ring, posted % 700, posted), 0);
				expect(&ring, read % 700, read);
				read++;
			}
			for (; read < posted; read++)
				expect(&ring, read % 700, read);
			expect_empty(&ring);
			assert_true(support_counts.bytes < (long)MIB);
			ring_end(&ring);
			assert_int_equal(support_counts.bytes, 0);
		}
	}
}

static void the_first_record_may_be_larger_than_the_capacity(void **state)
{
	(void)state;
	for (size_t size = 0; size <= INLINE_MAX + 8; size = size * 2 + 1) {
		static struct wti_ring ring;

		wti_ring_init(&ring, 1, WTI_NO_LIMIT, false);
		assert_int_equal(post(&ring, size, 1), 0);
		expect(&ring, size, 1);
		expect_empty(&ring);
		ring_end(&ring);
	}
}

static void the_capacity_is_there_with_the_first_post(void **state)
{
	static struct wti_ring ring;

	(void)state;
	support_count();
	wti_ring_init(&ring, 60000, WTI_NO_LIMIT, false);
	for (uint64_t i = 0; i < 60000 / 16; i++)
		assert_int_equal(post(&ring, 8, i), 0);
	assert_int_equal(support_counts.allocations, 1);
	ring_end(&ring);
}

/* Looks at one that does not go on: half of them after a pause, half after a yield. */
#define IN_VAIN 8

/* A consumer that reads a few records at each look of the producer, as long as it is to. */
static struct reader {
	struct wti_ring ring;
	uint64_t next;   /* to be read */
	unsigned step;   /* records a look */
	unsigned looks;
	size_t size;     /* bytes of each */
} reader;

static void read_at_look(enum wti_yield_point point, void *object)
{
	if (point != WTI_YIELD_FULL)
		return;
	assert_ptr_equal(object, &reader.ring);
	reader.looks++;
	for (unsigned i = 0; i < reader.step; i++)
		expect(&reader.ring, reader.size, reader.next++);
}

static void reader_begin_with(unsigned step, size_t size, size_t limit)
{
	reader = (struct reader){ .step = step, .size = size };
	wti_ring_init(&reader.ring, WTI_SEGMENT_MAX, limit, false);
	support_count();
	wti_yield_hook = read_at_look;
}

static void reader_begin(unsigned step)
{
	reader_begin_with(step, 200, WTI_NO_LIMIT);
}

static void read_all(uint64_t posted)
{
	while (reader.next < posted)
		expect(&reader.ring, reader.size, reader.next++);
}

/* What is read while it is full grows no more: the producer goes on in the same segment. */
static void a_ring_that_is_read_while_it_is_full_does_not_grow(void **state)
{
	uint64_t posted = 0;

	(void)state;
	reader_begin(50);
	for (; posted < 20000; posted++)
		assert_int_equal(post(&reader.ring, 200, posted), 0);
	wti_yield_hook = NULL;
	assert_true(reader.looks > 0 && reader.next > posted / 2);
	assert_true(support_counts.bytes < 2 * (long)WTI_SEGMENT_MAX);
	read_all(posted);
	expect_empty(&reader.ring);
	ring_end(&reader.ring);
}

/* Behind reader_begin, which counts. */
static void reader_yields(void (*yield)(void))
{
	static struct wti_os_ops os;

	os = *wti_os;
	os.yield = yield;
	wti_os = &os;
}

/* A turn of the largest segment for each wait, and more. */
enum { STREAM_BYTES = 32 * WTI_SEGMENT_MAX };

static uint64_t stream(uint64_t posted, size_t size)
{
	uint64_t end = posted + STREAM_BYTES / size;

	reader.size = size;
	while (posted < end)
		assert_int_equal(post(&reader.ring, size, posted++), 0);
	return posted;
}

/* On a processor that AMD made, or not. An eighth of the smaller segment is read at each look. */
static void streamer_begin(bool amd, size_t size, size_t limit)
{
	support_use_processor(amd);
	reader_begin_with((unsigned)(WTI_SEGMENT_MAX / 8 / size), size, limit);
}

/* Where AMD made the processor, large messages that stream get a larger one, in which they go on. */
static void a_stream_of_large_messages_gets_a_large_segment(void **state)
{
	static const struct {
		size_t size, limit;
		bool amd, large;
	} cases[] = {
		{ 2048, WTI_NO_LIMIT, true, true },
		{ INLINE_MAX, WTI_NO_LIMIT, true, true },
		{ INLINE_MAX, WTI_NO_LIMIT, false, false },
		{ 2000, WTI_NO_LIMIT, true, false },
		{ 4096, 2 * WTI_SEGMENT_LARGE, true, true },
		{ 4096, 2 * WTI_SEGMENT_LARGE - 1, true, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		long least = cases[i].large ? WTI_SEGMENT_LARGE : WTI_SEGMENT_MAX;
		uint64_t posted;

		streamer_begin(cases[i].amd, cases[i].size, cases[i].limit);
		posted = stream(0, cases[i].size);
		assert_in_range(support_counts.bytes, least, least + 2 * WTI_SEGMENT_MAX);
		posted = stream(posted, cases[i].size);
		wti_yield_hook = NULL;
		assert_in_range(support_counts.bytes, least, least + 2 * WTI_SEGMENT_MAX);
		read_all(posted);
		expect_empty(&reader.ring);
		ring_end(&reader.ring);
		assert_int_equal(support_counts.bytes, 0);
	}
}

/* It goes on in the one that it has. [M3] */
static void a_stream_without_memory_for_a_large_segment_is_not_refused(void **state)
{
	uint64_t posted;

	(void)state;
	streamer_begin(true, 4096, WTI_NO_LIMIT);
	assert_int_equal(post(&reader.ring, 4096, 0), 0);
	support_fail_allocations(1, 0);
	posted = stream(1, 4096);
	assert_true(support_allocations_failed());
	support_fail_allocations(0, 0);
	wti_yield_hook = NULL;
	assert_true(support_counts.bytes < 2 * (long)WTI_SEGMENT_MAX);
	read_all(posted);
	expect_empty(&reader.ring);
	ring_end(&reader.ring);
}

/* A backlog is none: it comes at once, and nobody reads it meanwhile. */
static void a_backlog_of_large_messages_gets_no_large_segment(void **state)
{
	uint64_t posted = 0;

	(void)state;
	support_use_processor(true);
	reader_begin_with(0, 4096, WTI_NO_LIMIT);
	for (int round = 0; round < 4; round++) {
		posted = stream(posted, 4096);
		read_all(posted);
	}
	wti_yield_hook = NULL;
	assert_true(support_counts.bytes < (long)MIB);
	expect_empty(&reader.ring);
	ring_end(&reader.ring);
}

/* Behind a stream, too, a drained backlog leaves the segment in use and one more; small messages come back to small ones. */
static void a_large_segment_is_left_for_small_ones(void **state)
{
	uint64_t posted;

	(void)state;
	streamer_begin(true, 4096, WTI_NO_LIMIT);
	posted = stream(0, 4096);
	reader.step = 0;
	for (int i = 0; i < 2; i++)
		posted = stream(posted, 4096);
	assert_true(support_counts.bytes > 2 * (long)STREAM_BYTES);
	read_all(posted);
	assert_in_range(support_counts.bytes, WTI_SEGMENT_LARGE, 2 * WTI_SEGMENT_LARGE + WTI_SEGMENT_MAX);
	posted = stream(posted, 200);
	read_all(posted);
	wti_yield_hook = NULL;
	assert_true(support_counts.bytes < (long)MIB);
	expect_empty(&reader.ring);
	ring_end(&reader.ring);
	assert_int_equal(support_counts.bytes, 0);
}

static void read_at_yield(void)
{
	for (unsigned i = 0; i < 500; i++)
		expect(&reader.ring, 200, reader.next++);
}

/* Also one that only reads when the producer gives its processor away. */
static void a_consumer_that_waits_for_the_processor_gets_it(void **state)
{
	uint64_t posted = 0;

	(void)state;
	reader_begin(0);
	reader_yields(read_at_yield);
	for (; posted < 20000; posted++)
		assert_int_equal(post(&reader.ring, 200, posted), 0);
	wti_yield_hook = NULL;
	assert_true(reader.next > posted / 2);
	assert_true(support_counts.bytes < 2 * (long)WTI_SEGMENT_MAX);
	read_all(posted);
	expect_empty(&reader.ring);
	ring_end(&reader.ring);
}

/* A lock may be held: nothing is given away. */
static void nobody_yields_who_may_hold_a_lock(void **state)
{
	uint64_t posted = 0;

	(void)state;
	reader_begin(0);
	wti_ring_post_under_lock(&reader.ring);
	reader_yields(read_at_yield);
	for (; posted < 20000; posted++)
		assert_int_equal(post(&reader.ring, 200, posted), 0);
	wti_yield_hook = NULL;
	assert_int_equal(reader.next, 0);
	assert_true(reader.looks > 0);
	read_all(posted);
	expect_empty(&reader.ring);
	ring_end(&reader.ring);
}

static void fill_segments(uint64_t *posted, unsigned count)
{
	for (uint64_t i = 0; i < count * WTI_SEGMENT_MAX / 200; i++)
		assert_int_equal(post(&reader.ring, 200, (*posted)++), 0);
}

static uint64_t posted_at_yield;

/* Another producer fills the next segment as well, and begins a third one. */
static void fill_at_yield(void)
{
	uint64_t count = posted_at_yield ? 0 : WTI_SEGMENT_MAX / 208 + 10;

	while (posted_at_yield < count)
		assert_int_equal(post(&reader.ring, 200, posted_at_yield++), 0);
}

static void who_finds_two_more_segments_behind_a_yield_links_no_other(void **state)
{

	(void)state;
	reader_begin(0);
	posted_at_yield = 0;
	reader_yields(fill_at_yield);
	for (uint64_t i = 0; !posted_at_yield; i++)
		assert_int_equal(post(&reader.ring, 200, i), 0);
	wti_yield_hook = NULL;
	assert_in_range(support_counts.bytes, 3 * WTI_SEGMENT_MAX, 4 * WTI_SEGMENT_MAX - 1);
	ring_end(&reader.ring);
}

/* One that does not go on is waited for ever more rarely; one that is too slow, for a while each time. */
static void a_consumer_that_stands_still_is_hardly_waited_for(void **state)
{
	enum { SEGMENTS = 60 };
	static const unsigned looks[] = { 5 * IN_VAIN, SEGMENTS * (32 + IN_VAIN) };

	(void)state;
	for (unsigned step = 0; step <= 1; step++) {
		uint64_t posted = 0;

		reader_begin(step);
		fill_segments(&posted, SEGMENTS);
		wti_yield_hook = NULL;
		assert_in_range(reader.looks, IN_VAIN, looks[step]);
		assert_true(support_counts.bytes > (SEGMENTS - 1) * (long)WTI_SEGMENT_MAX);
		ring_end(&reader.ring);
	}
}

/* Also where it moves the head again and again meanwhile, as a thread does that posts to itself. */
static void who_posts_to_itself_hardly_waits(void **state)
{
	uint64_t posted = 0;

	(void)state;
	reader_begin(0);
	for (int round = 0; round < 100; round++) {
		fill_segments(&posted, 2);
		read_all(posted);
	}
	wti_yield_hook = NULL;
	assert_in_range(reader.looks, IN_VAIN, 16 * IN_VAIN);
	ring_end(&reader.ring);
}

/* What it gives back before the last segment is no room there: a post waits no longer for what lies before that. */
static void a_post_does_not_wait_for_a_backlog(void **state)
{
	enum { SEGMENTS = 60 };
	uint64_t posted = 0;
	unsigned most = 0;

	(void)state;
	reader_begin(0);
	fill_segments(&posted, SEGMENTS);
	read_all(posted / SEGMENTS);
	reader.step = 400; /* more than a quarter of a segment */
	for (size_t posts = 2 * SEGMENTS * WTI_SEGMENT_MAX / 200; posts--;) {
		reader.looks = 0;
		assert_int_equal(post(&reader.ring, 200, posted++), 0);
		most = reader.looks > most ? reader.looks : most;
	}
	wti_yield_hook = NULL;
	assert_in_range(most, 1, 32);
	read_all(posted);
	ring_end(&reader.ring);
}

static void a_drained_backlog_leaves_little_memory(void **state)
{
	size_t count = 64 * KIB / support_slowdown();
	static struct wti_ring ring;

	(void)state;
	support_count();
	wti_ring_init(&ring, 0, WTI_NO_LIMIT, false);
	for (int round = 0; round < 2; round++) {
		for (uint64_t i = 0; i < count; i++)
			assert_int_equal(post(&ring, KIB, i), 0);
		assert_true(support_counts.bytes > (long)(count * KIB));
		for (uint64_t i = 0; i < count; i++)
			expect(&ring, KIB, i);
		expect_empty(&ring);
		assert_true(support_counts.bytes < (long)MIB);
	}
	ring_end(&ring);
	assert_int_equal(support_counts.bytes, 0);
}

static void destroy_frees_what_was_not_read(void **state)
{
	(void)state;
	for (uint64_t read = 0; read <= 300; read += 50) {
		static struct wti_ring ring;

		support_count();
		wti_ring_init(&ring, 0, WTI_NO_LIMIT, read & 4);
		for (uint64_t i = 0; i < 300; i++)
			assert_int_equal(post(&ring, i % 10 ? 300 : WTI_RECORD_MAX, i), 0);
		/* Half of those read are still held. */
		for (uint64_t i = 0; i < read; i++)
			expect_view(&ring, i % 10 ? 300 : WTI_RECORD_MAX, i);
		ring_end(&ring);
		assert_int_equal(support_counts.allocations, support_counts.frees);
		assert_int_equal(support_counts.bytes, 0);
	}
}

/* ---- The limit ---- */

/* [M3] */
static void a_post_at_the_limit_is_refused_and_changes_nothing(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < KINDS; kind++) {
		static struct wti_ring ring;
		uint64_t tail;

		/* One segment, so that the limit counts records only. */
		init_kind(&ring, 4096, 1600, kind);
		for (uint64_t i = 0; i < 100; i++)
			assert_int_equal(post(&ring, 8, i), 0);
		assert_int_equal(wti_ring_used(&ring), 1600);
		tail = wti_ring_tail(&ring);
		support_count();
		for (size_t size = 0; size < 1592; size += 7)
			assert_int_equal(post(&ring, size, 1000), WT_EAGAIN);
		assert_int_equal(support_counts.allocations, 0);
		assert_int_equal(wti_ring_used(&ring), 1600);
		assert_int_equal(wti_ring_tail(&ring), tail);
		expect(&ring, 8, 0);
		assert_int_equal(post(&ring, 9, 1000), WT_EAGAIN);
		assert_int_equal(post(&ring, 8, 100), 0);
		assert_int_equal(post(&ring, 0, 1000), WT_EAGAIN);
		for (uint64_t i = 1; i <= 100; i++)
			expect(&ring, 8, i);
		expect_empty(&ring);
		support_restore_os();
		ring_end(&ring);
	}
}

static void what_can_never_fit_is_refused_before_anything_is_allocated(void **state)
{
	static struct wti_ring ring;
	struct iovec iov = { .iov_base = "", .iov_len = 1 };

	(void)state;
	support_count();
	wti_ring_init(&ring, 0, 1000, false);
	assert_int_equal(wti_ring_post(&ring, "", 993, 0), WT_EMSGSIZE);
	assert_int_equal(wti_ring_post(&ring, "", MIB, 0), WT_EMSGSIZE);
	assert_int_equal(wti_ring_post(&ring, "", WTI_SIZE_MAX, 0), WT_EMSGSIZE);
	assert_int_equal(wti_ring_post(&ring, "", WTI_SIZE_MAX + 1, 0), WT_EOVERFLOW);
	assert_int_equal(wti_ring_post(&ring, "", SIZE_MAX, 0), WT_EOVERFLOW);
	assert_int_equal(wti_ring_post_iov(&ring, &iov, 1, 993, 0), WT_EMSGSIZE);
	assert_int_equal(wti_ring_post_iov(&ring, &iov, 1, SIZE_MAX, 0), WT_EOVERFLOW);
	assert_false(wti_ring_has_room(&ring, 993));
	assert_false(wti_ring_has_room(&ring, MIB));
	assert_int_equal(support_counts.allocations, 0);
	assert_int_equal(post(&ring, 992, 1), 0);
	expect(&ring, 992, 1);
	expect_empty(&ring);
	ring_end(&ring);
}

/* Who posts first may meet who describes the first segment, at any step of that. */
static void an_approach_to_what_is_half_described_is_harmless(void **state)
{
	static struct wti_ring ring;
	struct wti_segment *segment = wti_segment_create(WTI_SEGMENT_MIN);

	(void)state;
	assert_non_null(segment);
	wti_ring_init(&ring, 0, WTI_NO_LIMIT, false);
	wti_ring_approach_post(&ring);
	for (int i = 0; i < 2; i++)
		wti_store(&ring.extent_size[i], WTI_SEGMENT_MIN);
	wti_ring_approach_post(&ring);
	for (int i = 0; i < 2; i++) {
		wti_store(&ring.extent_size[i], 0);
		wti_store(&ring.extent[i].segment, segment);
	}
	wti_ring_approach_post(&ring);
	for (int i = 0; i < 2; i++)
		wti_store(&ring.extent[i].segment, NULL);
	wti_segment_destroy(segment);
	ring_end(&ring);
}

/* Also where there is a segment already, with room for it. */
static void a_short_message_above_the_limit_is_refused(void **state)
{
	static const unsigned char data[64];

	(void)state;
	for (unsigned kind = 0; kind < KINDS; kind++) {
		static struct wti_ring ring;

		init_kind(&ring, 0, 40, kind);
		for (int i = 0; i < 100; i++) {
			assert_int_equal(post(&ring, 32, 1), 0);
			assert_int_equal(wti_ring_post(&ring, data, 33, 0), WT_EMSGSIZE);
			assert_int_equal(wti_ring_post(&ring, data, 8, 0), WT_EAGAIN);
			expect(&ring, 32, 1);
			assert_int_equal(wti_ring_post(&ring, data, 64, 0), WT_EMSGSIZE);
			expect_empty(&ring);
		}
		ring_end(&ring);
	}
}

static void the_limit_allows_so_many_messages_of_a_size(void **state)
{
	static struct wti_ring ring;

	(void)state;
	wti_ring_init(&ring, 0, 160, false);
	assert_int_equal(wti_ring_holds(&ring, 0), 20);
	assert_int_equal(wti_ring_holds(&ring, 8), 10);
	assert_int_equal(wti_ring_holds(&ring, 9), 6);
	assert_int_equal(wti_ring_holds(&ring, 160), 0);
	assert_int_equal(wti_ring_holds(&ring, MIB), 0);
	ring_end(&ring);
}

/* A size that nobody can have is an error also where there is no limit. */
static void a_size_without_memory_is_refused(void **state)
{
	static struct wti_ring ring;

	(void)state;
	wti_ring_init(&ring, 0, WTI_NO_LIMIT, false);
	assert_int_equal(wti_ring_post(&ring, "", WTI_SIZE_MAX + 1, 0), WT_EOVERFLOW);
	support_fail_allocations(1, 0);
	assert_int_equal(wti_ring_post(&ring, "", WTI_SIZE_MAX, 0), WT_ENOMEM);
	support_fail_allocations(0, 0);
	assert_int_equal(wti_ring_used(&ring), 0);
	assert_int_equal(post(&ring, 5, 1), 0);
	expect(&ring, 5, 1);
	ring_end(&ring);
}

/* Payloads out of line are charged with all their bytes. */
static void payloads_out_of_line_count_toward_the_limit(void **state)
{
	size_t record = wti_record_size(sizeof(struct wti_outline));
	static struct wti_ring ring;

	(void)state;
	wti_ring_init(&ring, 4096, 2 * (record + 100000), false);
	assert_int_equal(post(&ring, 100000, 1), 0);
	assert_int_equal(post(&ring, 100001, 9), WT_EAGAIN);
	assert_int_equal(post(&ring, 100000, 2), 0);
	assert_int_equal(wti_ring_used(&ring), 2 * (record + 100000));
	assert_int_equal(post(&ring, 0, 9), WT_EAGAIN);
	expect(&ring, 100000, 1);
	assert_int_equal(wti_ring_used(&ring), record + 100000);
	assert_int_equal(post(&ring, 99000, 3), 0);
	expect(&ring, 100000, 2);
	expect(&ring, 99000, 3);
	expect_empty(&ring);
	ring_end(&ring);
}

/*
 * What the program may queue does not depend on how the ring is made inside:
 * an empty ring takes a record of the whole limit, also where it has to leave
 * a segment that is too small for it.
 */
static void an_empty_ring_takes_a_record_of_the_whole_limit(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < KINDS; kind++) {
		for (size_t limit = 16; limit < 5000; limit += 8) {
			static struct wti_ring ring;

			init_kind(&ring, 1, limit, kind);
			assert_int_equal(post(&ring, 1, 1), 0);
			expect(&ring, 1, 1);
			for (size_t rest = 0; rest < 8 && rest <= limit - 8; rest++) {
				assert_true(wti_ring_has_room(&ring, limit - 8 - rest));
				assert_int_equal(post(&ring, limit - 8 - rest, rest), 0);
				expect(&ring, limit - 8 - rest, rest);
			}
			expect_empty(&ring);
			ring_end(&ring);
		}
	}
}

/* ---- Several at once ---- */

#define MANY 64

static void make_many(struct iovec *messages, size_t count, size_t size)
{
	static unsigned char bytes[MANY][512];

	for (size_t i = 0; i < count; i++) {
		fill(bytes[i], size, i);
		messages[i] = (struct iovec){ bytes[i], size };
	}
}

static void expect_many(struct wti_ring *ring, const struct iovec *messages, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		struct wti_record record;

		assert_true(wti_ring_next(ring, &record));
		assert_int_equal(record.type, 0);
		assert_int_equal(record.size, messages[i].iov_len);
		if (record.size)
			assert_memory_equal(record.data, messages[i].iov_base, record.size);
		wti_ring_release(ring, ring->read);
	}
}

static void post_many_posts_all_of_them_in_order(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < KINDS; kind++) {
		static struct wti_ring ring;
		struct iovec messages[MANY];
		size_t posted = 99;

		init_kind(&ring, 0, WTI_NO_LIMIT, kind);
		assert_int_equal(wti_ring_post_many(&ring, NULL, 0, &posted), 0);
		assert_int_equal(posted, 0);
		for (size_t size = 0; size <= 512; size += 16) {
			make_many(messages, MANY, size);
			for (size_t count = 1; count <= MANY; count += 9) {
				assert_int_equal(wti_ring_post_many(&ring, messages, count, &posted), 0);
				assert_int_equal(posted, count);
				expect_many(&ring, messages, 0, count);
				expect_empty(&ring);
			}
		}
		ring_end(&ring);
	}
}

static void post_many_stops_at_the_one_that_has_no_room(void **state)
{
	static struct wti_ring ring;
	struct iovec messages[MANY];
	size_t posted;

	(void)state;
	make_many(messages, MANY, 24);
	for (size_t room = 0; room <= MANY; room += 4) {
		wti_ring_init(&ring, 4096, 32 * room + 8, false);
		assert_int_equal(wti_ring_post_many(&ring, messages, MANY, &posted),
				 room == MANY ? 0 : (room ? WT_EAGAIN : WT_EMSGSIZE));
		assert_int_equal(posted, room);
		assert_int_equal(wti_ring_used(&ring), 32 * room);
		expect_many(&ring, messages, 0, room);
		if (room && room < MANY) {
			size_t rest = MANY - room < room ? MANY - room : room;

			assert_int_equal(wti_ring_post_many(&ring, messages + room, rest, &posted), 0);
			expect_many(&ring, messages, room, room + rest);
		}
		expect_empty(&ring);
		ring_end(&ring);
	}
}

static void post_many_takes_large_ones_among_small_ones(void **state)
{
	static unsigned char large[INLINE_MAX + 1];
	static struct wti_ring ring;
	struct iovec messages[MANY];
	size_t posted;

	(void)state;
	fill(large, sizeof large, 5);
	make_many(messages, MANY, 40);
	for (size_t at = 0; at < MANY; at += 21) {
		messages[at] = (struct iovec){ large, sizeof large };
		wti_ring_init(&ring, 0, WTI_NO_LIMIT, false);
		assert_int_equal(wti_ring_post_many(&ring, messages, MANY, &posted), 0);
		assert_int_equal(posted, MANY);
		expect_many(&ring, messages, 0, MANY);
		expect_empty(&ring);
		ring_end(&ring);
	}
}

/* One that can never fit stops the row; those before it are posted, those after it are not. */
static void post_many_stops_at_the_one_that_never_fits(void **state)
{
	static unsigned char large[2000];
	static struct wti_ring ring;
	struct iovec messages[MANY];
	size_t posted;

	(void)state;
	make_many(messages, 10, 40);
	messages[6] = (struct iovec){ large, sizeof large };
	wti_ring_init(&ring, 4096, 1000, false);
	assert_int_equal(wti_ring_post_many(&ring, messages, 10, &posted), WT_EMSGSIZE);
	assert_int_equal(posted, 6);
	expect_many(&ring, messages, 0, 6);
	expect_empty(&ring);
	ring_end(&ring);
}

/* ---- What is free and not zero ---- */

/* Each word of the payload would be the header of a message. */
static const uint64_t *headers(void)
{
	static uint64_t words[WTI_RECORD_MAX / sizeof(uint64_t)];

	for (size_t i = 0; i < WTI_RECORD_MAX / sizeof *words && !words[i]; i++)
		words[i] = wti_header(WTI_RECORD_MESSAGE, 8, 7);
	return words;
}

static void read_headers(struct wti_ring *ring, size_t size)
{
	struct wti_record record;

	assert_true(wti_ring_next(ring, &record));
	assert_int_equal(record.size, size);
	assert_memory_equal(record.data, headers(), size);
	wti_ring_release(ring, ring->read);
}

static void post_headers(struct wti_ring *ring, size_t size, unsigned count)
{
	while (count--)
		assert_int_equal(wti_ring_post(ring, headers(), size, 0), 0);
}

/* Each is read at once, and nothing behind it. */
static void pass_headers(struct wti_ring *ring, size_t size, unsigned count)
{
	while (count--) {
		post_headers(ring, size, 1);
		read_headers(ring, size);
		assert_false(wti_ring_ready(ring));
		assert_true(wti_ring_used(ring) <= ring->done - wti_load(&ring->head));
	}
}

static void reserve_headers(struct wti_ring *ring, size_t size, size_t used)
{
	struct wti_ring_slot slot;

	assert_int_equal(wti_ring_reserve(ring, size, &slot), 0);
	memcpy(slot.payload, headers(), used);
	wti_ring_commit(ring, &slot, used, 0, false);
	read_headers(ring, used);
	assert_false(wti_ring_ready(ring));
}

static void post_many_headers(struct wti_ring *ring, size_t size)
{
	struct iovec messages[3];
	size_t posted;

	for (int i = 0; i < 3; i++)
		messages[i] = (struct iovec){ (void *)(uintptr_t)headers(), size };
	assert_int_equal(wti_ring_post_many(ring, messages, 3, &posted), 0);
	for (int i = 0; i < 3; i++)
		read_headers(ring, size);
	assert_false(wti_ring_ready(ring));
}

enum { LARGE_TURN = 2 * WTI_SEGMENT_MAX / 8192 }; /* so many of at least 8 KiB leave their bytes for sure */

static bool is_dirty(struct wti_ring *ring)
{
	return wti_load(&ring->dirty);
}

/* Behind the last record lies what a large one left; it is not one. */
static void what_a_large_message_left_is_never_taken_for_a_record(void **state)
{
	uint64_t random = support_seed();
	static struct wti_ring ring;

	(void)state;
	support_use_processor(false);
	print_message("# WT_SEED=%llu\n", (unsigned long long)random);
	wti_ring_init(&ring, WTI_SEGMENT_MAX, WTI_NO_LIMIT, false);
	for (int round = 0; round < 40; round++) {
		pass_headers(&ring, 8192 + support_random(&random) % 20000, LARGE_TURN);
		assert_true(is_dirty(&ring));
		for (size_t i = support_random(&random) % 400; i; i--) {
			uint64_t choice = support_random(&random);
			size_t small = 8 + (choice >> 8) % 2000;

			pass_headers(&ring, choice & 3 ? small : small * 8, 1 + (choice >> 2 & 3));
			if (choice >> 4 & 1)
				reserve_headers(&ring, small * 4, small);
			if (choice >> 5 & 1)
				post_many_headers(&ring, small);
			if (choice >> 6 & 1)
				wti_ring_flush(&ring);
		}
	}
	expect_empty(&ring);
	ring_end(&ring);
}

/* All that is free, of a ring that is empty. */
static void expect_zero(struct wti_ring *ring)
{
	wti_ring_flush(ring);
	for (size_t i = 0; i < ring->done_segment->size / sizeof(uint64_t); i++)
		assert_int_equal(wti_load(&ring->done_segment->words[i]), 0);
}

/* Two turns later all that is free is zero again, and posts need no lock. */
static void small_messages_clean_up_behind_large_ones(void **state)
{
	static struct wti_ring ring;

	(void)state;
	support_use_processor(false);
	wti_ring_init(&ring, WTI_SEGMENT_MAX, WTI_NO_LIMIT, false);
	for (int round = 0; round < 3; round++) {
		pass_headers(&ring, 16384, LARGE_TURN);
		assert_true(is_dirty(&ring));
		pass_headers(&ring, 24, 3 * WTI_SEGMENT_MAX / 32);
		assert_false(is_dirty(&ring));
		expect_zero(&ring);
	}
	ring_end(&ring);
}

/* Nor is it where there is a limit, or one producer. */
static void a_ring_is_not_dirty_while_other_messages_come_between(void **state)
{
	static const struct {
		size_t limit, between;
		bool single;
	} cases[] = { { WTI_NO_LIMIT, 72, false }, { MIB, 16384, false }, { WTI_NO_LIMIT, 16384, true } };

	(void)state;
	support_use_processor(false);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		static struct wti_ring ring;

		wti_ring_init(&ring, WTI_SEGMENT_MAX, cases[i].limit, cases[i].single);
		for (int n = 0; n < 300; n++) {
			pass_headers(&ring, 16384, 10);
			pass_headers(&ring, cases[i].between, 1);
			assert_false(is_dirty(&ring));
		}
		ring_end(&ring);
	}
}

/* Not only small ones: also where two together are given back like a large one. */
static void other_messages_between_clean_up_for_good(void **state)
{
	static struct wti_ring ring;

	(void)state;
	support_use_processor(false);
	wti_ring_init(&ring, WTI_SEGMENT_MAX, WTI_NO_LIMIT, false);
	pass_headers(&ring, 16384, LARGE_TURN);
	assert_true(is_dirty(&ring));
	for (int i = 0; i < 300; i++) {
		pass_headers(&ring, 4000, 1);
		pass_headers(&ring, 8000, 1);
		pass_headers(&ring, 16384, 1);
		assert_true(i < 30 || !is_dirty(&ring));
	}
	ring_end(&ring);
}

/* Also those of just so many bytes, whatever is left in a line when they are given back. */
static void messages_of_the_least_large_size_leave_their_bytes(void **state)
{
	static struct wti_ring ring;

	(void)state;
	support_use_processor(false);
	for (int flushes = 0; flushes < 2; flushes++) {
		wti_ring_init(&ring, WTI_SEGMENT_MAX, WTI_NO_LIMIT, false);
		for (int i = 0; i < 2 * LARGE_TURN; i++) {
			pass_headers(&ring, 8192, 1);
			if (flushes && i & 1)
				wti_ring_flush(&ring);
		}
		assert_true(is_dirty(&ring));
		ring_end(&ring);
	}
}

/* The first record that is reserved in front of bytes that were not zeroed, and more than fit, anywhere about the wrap. */
static void a_dirty_ring_whose_positions_wrap_is_not_overfilled(void **state)
{
	static struct wti_ring ring;

	(void)state;
	support_use_processor(false);
	for (uint64_t before = 0; before < 1536 * 1024; before += 8192) {
		wti_ring_origin = 0 - before;
		wti_ring_init(&ring, WTI_SEGMENT_MAX, WTI_NO_LIMIT, false);
		for (int i = 0; i < LARGE_TURN && !is_dirty(&ring); i++)
			pass_headers(&ring, 16384, 1);
		assert_true(is_dirty(&ring));
		post_headers(&ring, 16384, 20);
		for (int i = 0; i < 20; i++)
			read_headers(&ring, 16384);
		assert_false(wti_ring_ready(&ring));
		ring_end(&ring);
	}
	wti_ring_origin = 0;
}

/* Used once more, behind a link: the first one was dirty to its end. */
static void a_segment_that_is_used_again_is_zero(void **state)
{
	static struct wti_ring ring;

	(void)state;
	support_use_processor(false);
	wti_ring_init(&ring, WTI_SEGMENT_MAX, WTI_NO_LIMIT, false);
	for (int round = 0; round < 4; round++) {
		pass_headers(&ring, 16384, LARGE_TURN);
		assert_true(is_dirty(&ring));
		post_headers(&ring, 16384, 100);
		for (int i = 0; i < 100; i++)
			read_headers(&ring, 16384);
		post_headers(&ring, 24, 50000);
		for (int i = 0; i < 50000; i++)
			read_headers(&ring, 24);
		expect_empty(&ring);
	}
	ring_end(&ring);
}

static void where_amd_made_the_processor_no_ring_is_dirty(void **state)
{
	static struct wti_ring ring;

	(void)state;
	support_use_processor(true);
	wti_ring_init(&ring, WTI_SEGMENT_MAX, WTI_NO_LIMIT, false);
	for (int i = 0; i < 2 * LARGE_TURN; i++) {
		pass_headers(&ring, 16384, 1);
		assert_false(is_dirty(&ring));
	}
	expect_zero(&ring);
	ring_end(&ring);
}

/* The first word of a message that was given back, with four like it. */
static uint64_t word_given_back(struct wti_ring *ring, size_t size)
{
	struct wti_record record;

	post_headers(ring, size, 1);
	assert_true(wti_ring_next(ring, &record));
	wti_ring_release(ring, ring->read);
	for (int i = 0; i < 4; i++) {
		post_headers(ring, size, 1);
		read_headers(ring, size);
	}
	return *(const uint64_t *)record.data;
}

/* The producer needs none; there it writes what was zeroed sooner. */
static void messages_of_one_producer_are_zeroed_where_it_helps(void **state)
{
	(void)state;
	for (int amd = 0; amd <= 1; amd++) {
		static struct wti_ring ring;

		support_use_processor(amd);
		wti_ring_init(&ring, WTI_SEGMENT_MAX, WTI_NO_LIMIT, true);
		assert_int_equal(word_given_back(&ring, 2000), amd ? 0 : *headers());
		assert_int_equal(word_given_back(&ring, 16384), amd ? 0 : *headers());
		pass_headers(&ring, 16384, LARGE_TURN);
		pass_headers(&ring, 24, 50000);
		expect_empty(&ring);
		ring_end(&ring);
	}
}

/* ---- Against a model ---- */

#define PENDING_MAX 512

/* A message that was accepted and not released, as the model has it. */
struct pending {
	uint64_t number;
	size_t size;
	const void *view; /* once it is read */
	uint64_t upto;    /* release up to here frees it and all before */
};

struct model {
	struct wti_ring ring;
	uint64_t random;
	struct pending pending[PENDING_MAX]; /* by number, circular */
	uint64_t posted;                     /* counts of messages */
	uint64_t read;
	uint64_t released;
	bool small; /* nothing out of line */
};

/* Mostly small, often at a bound, now and then out of line. */
static size_t model_size(struct model *model)
{
	uint64_t random = support_random(&model->random);
	size_t most = (size_t)1 << (random >> 8 & 15);

	if ((random & 63) == 0 && !model->small)
		return INLINE_MAX - 20 + (random >> 16 & 63);
	if (most > 1024 && (random & 15))
		most = 1024;
	return (random >> 16) % (most + 1);
}

static void model_note_post(struct model *model, size_t size)
{
	model->pending[model->posted % PENDING_MAX] = (struct pending){ .number = model->posted, .size = size };
	model->posted++;
}

static size_t charge(size_t size)
{
	return size > INLINE_MAX ? wti_record_size(sizeof(struct wti_outline)) + size : wti_record_size(size);
}

static void model_post(struct model *model)
{
	struct wti_ring *ring = &model->ring;
	size_t size = model_size(model);
	size_t used = wti_ring_used(ring);
	uint64_t tail = wti_ring_tail(ring);
	bool room = wti_ring_has_room(ring, size);
	int err;

	assert_int_equal(room, ring->limit == WTI_NO_LIMIT || used + charge(size) <= ring->limit);
	if (size <= WTI_SHORT_MAX && support_random(&model->random) & 1 && post_short(ring, size, model->posted))
		err = 0;
	else
		err = post(ring, size, model->posted);
	if (ring->limit != WTI_NO_LIMIT && charge(size) > ring->limit)
		assert_int_equal(err, WT_EMSGSIZE);
	else
		assert_int_equal(err, room ? 0 : WT_EAGAIN);
	if (!err) {
		model_note_post(model, size);
	} else {
		assert_int_equal(wti_ring_used(ring), used);
		assert_int_equal(wti_ring_tail(ring), tail);
	}
}

static void model_post_many(struct model *model)
{
	static unsigned char bytes[8][1024];
	struct wti_ring *ring = &model->ring;
	struct iovec messages[8];
	size_t count = support_random(&model->random) % 9;
	size_t posted;
	int err;

	for (size_t i = 0; i < count; i++) {
		messages[i] = (struct iovec){ bytes[i], support_random(&model->random) % sizeof bytes[i] };
		fill(bytes[i], messages[i].iov_len, model->posted + i);
	}
	err = wti_ring_post_many(ring, messages, count, &posted);
	if (err == WT_EMSGSIZE)
		assert_true(charge(messages[posted].iov_len) > ring->limit);
	else if (err == WT_EAGAIN)
		assert_false(wti_ring_has_room(ring, messages[posted].iov_len));
	else
		assert_true(err == 0 && posted == count);
	for (size_t i = 0; i < posted; i++)
		model_note_post(model, messages[i].iov_len);
}

static void model_read(struct model *model)
{
	struct pending *pending = &model->pending[model->read % PENDING_MAX];
	unsigned few = (unsigned)support_random(&model->random) % 8;
	bool beyond = wti_ring_ready_beyond(&model->ring, few);
	struct wti_record record = { .data = NULL };
	bool found;

	if (support_random(&model->random) & 1)
		record = wti_ring_next_short(&model->ring);
	found = record.data || wti_ring_next(&model->ring, &record);
	assert_int_equal(found, model->read < model->posted);
	assert_true(beyond ? found : model->posted - model->read <= few);
	if (!found)
		return;
	assert_int_equal(record.size, pending->size);
	assert_int_equal((uintptr_t)record.data % 8, 0);
	pending->view = record.data;
	pending->upto = model->ring.read;
	model->read++;
}

/* Release some of those read, all of which are still whole. */
static void model_release(struct model *model)
{
	uint64_t count = support_random(&model->random) % (model->read - model->released + 1);
	uint64_t upto = model->ring.done;

	for (uint64_t i = model->released; i < model->read; i++) {
		const struct pending *pending = &model->pending[i % PENDING_MAX];

		assert_true(is_filled(pending->view, pending->size, pending->number));
		if (i < model->released + count)
			upto = pending->upto;
	}
	if (upto != model->ring.read || !(support_random(&model->random) & 1) || !wti_ring_release_short(&model->ring))
		wti_ring_release(&model->ring, upto);
	assert_int_equal(model->ring.done, upto);
	model->released += count;
}

static void model_step(struct model *model, unsigned tend)
{
	unsigned choice = (unsigned)support_random(&model->random) % 16;
	bool full = model->posted - model->released > PENDING_MAX - 8;

	if (choice == 0)
		wti_ring_flush(&model->ring);
	else if (choice < tend && !full)
		choice == 1 ? model_post_many(model) : model_post(model);
	else if (choice & 1)
		model_release(model);
	else
		model_read(model);
}

static void model_drain(struct model *model)
{
	while (model->read < model->posted)
		model_read(model);
	while (model->released < model->read)
		model_release(model);
	expect_empty(&model->ring);
}

static void model_run(uint64_t seed, size_t capacity, size_t limit, bool single)
{
	struct model *model = wti_alloc_lines(sizeof *model);

	assert_non_null(model);
	model->random = seed;
	model->small = seed & 1;
	support_count();
	support_use_processor(support_random(&seed) & 1);
	wti_ring_init(&model->ring, capacity, limit, single);
	for (int phase = 0; phase < 12; phase++) {
		/* Some phases fill it, some empty it, some keep it. */
		unsigned tend = 4 + (unsigned)support_random(&model->random) % 8;

		for (int i = 0; i < 100; i++)
			model_step(model, tend);
		if (phase % 4 == 3)
			model_drain(model);
	}
	ring_end(&model->ring);
	assert_int_equal(support_counts.bytes, 0);
	wti_free_lines(model);
}

/* [M1] [M2] [M3] Random posts, reads and releases on rings of all kinds; the seed is printed when one fails. */
static void posts_reads_and_releases_agree_with_a_model(void **state)
{
	uint64_t random = support_seed();
	int64_t end = wti_os_real.clock() + 2000000000;

	(void)state;
	print_message("# WT_SEED=%llu\n", (unsigned long long)random);
	do {
		uint64_t choice = support_random(&random);
		size_t capacity = (size_t)1 << (choice & 15);
		size_t limit = choice & 16 ? WTI_NO_LIMIT : 8 + (choice >> 8) % ((size_t)64 << (choice >> 5 & 7));

		model_run(support_random(&random), capacity, limit, choice >> 60 & 1);
	} while (wti_os_real.clock() < end);
}

/* Positions are compared by difference: where 64 bits end, nothing happens. */
static void positions_that_wrap_change_nothing(void **state)
{
	uint64_t random = support_seed();

	(void)state;
	print_message("# WT_SEED=%llu\n", (unsigned long long)random);
	for (uint64_t words = 0; words < 64; words += support_slowdown() > 1 ? 5 : 1) {
		uint64_t seed = support_random(&random);

		for (size_t capacity = 256; capacity <= 4096; capacity *= 4) {
			for (int kind = 0; kind < 4; kind++) {
				wti_ring_origin = UINT64_MAX - 7 - words * (kind < 2 ? 8 : 1000);
				model_run(seed, capacity, kind & 1 ? 3000 : WTI_NO_LIMIT, words & 1);
			}
		}
	}
	/* The same by a growing ring, which crosses the end at every place within its segments. */
	for (uint64_t back = 8; back < 200000; back += 1016) {
		static struct wti_ring ring;

		wti_ring_origin = 0 - back;
		init_kind(&ring, 256, WTI_NO_LIMIT, (unsigned)back / 8);
		for (uint64_t i = 0; i < 1000; i++)
			assert_int_equal(post(&ring, 200, i), 0);
		for (uint64_t i = 0; i < 1000; i++)
			expect(&ring, 200, i);
		expect_empty(&ring);
		ring_end(&ring);
	}
}

/* A ring without a segment is full for every size, wherever its positions begin. */
static void the_first_post_works_at_any_position(void **state)
{
	(void)state;
	for (uint64_t back = 0; back <= 1024; back += 8) {
		for (size_t size = 0; size <= 1024; size += 8) {
			static struct wti_ring ring;

			wti_ring_origin = 0 - back;
			wti_ring_init(&ring, 0, WTI_NO_LIMIT, false);
			assert_int_equal(post(&ring, size, 1), 0);
			expect(&ring, size, 1);
			expect_empty(&ring);
			ring_end(&ring);
		}
	}
}

/* ---- Without memory ---- */

static const size_t script[] = { 8,  200,   500, 40000, 3,    1000,         5000,
				 16, 30000, 0,   40000, 7000, INLINE_MAX, 32768 };

#define SCRIPT_COUNT (sizeof script / sizeof *script)

/* Post the script; numbers of those accepted go to `accepted`. One that fails is tried again if `again`. */
static size_t run_script(struct wti_ring *ring, uint64_t *accepted, size_t *failures, bool again)
{
	size_t count = 0;

	*failures = 0;
	for (size_t i = 0; i < SCRIPT_COUNT; i++) {
		size_t used = wti_ring_used(ring);
		uint64_t tail = wti_ring_tail(ring);
		int err = post(ring, script[i], i);

		if (err) {
			assert_int_equal(err, WT_ENOMEM);
			assert_int_equal(wti_ring_used(ring), used);
			assert_int_equal(wti_ring_tail(ring), tail);
			++*failures;
			if (again)
				err = post(ring, script[i], i);
		}
		if (!err)
			accepted[count++] = i;
	}
	return count;
}

/* [P1] [M3] The n-th allocation fails, once or with all that follow, for each n. */
static void a_post_without_memory_changes_nothing_and_the_ring_stays_usable(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 2 * KINDS; kind++) {
		bool once = kind & 4;
		size_t failures = 1;

		for (unsigned long n = 1; failures; n++) {
			static struct wti_ring ring;
			uint64_t accepted[SCRIPT_COUNT];
			size_t count;

			support_count();
			init_kind(&ring, 0, WTI_NO_LIMIT, kind);
			support_fail_allocations(n, once);
			count = run_script(&ring, accepted, &failures, once);
			if (once)
				assert_int_equal(count, SCRIPT_COUNT);
			support_fail_allocations(0, 0);
			assert_int_equal(post(&ring, 50000, 77), 0);
			assert_int_equal(post(&ring, 100, 78), 0);
			for (size_t i = 0; i < count; i++)
				expect(&ring, script[accepted[i]], accepted[i]);
			expect(&ring, 50000, 77);
			expect(&ring, 100, 78);
			expect_empty(&ring);
			ring_end(&ring);
			assert_int_equal(support_counts.allocations, support_counts.frees);
			assert_int_equal(support_counts.bytes, 0);
			assert_true(n < 100);
		}
	}
}

static void post_many_without_memory_says_how_many_were_posted(void **state)
{
	static unsigned char large[INLINE_MAX + 1];
	static struct wti_ring ring;
	struct iovec messages[MANY];
	size_t posted;

	(void)state;
	make_many(messages, MANY, 40);
	messages[20] = (struct iovec){ large, sizeof large };
	support_count();
	wti_ring_init(&ring, 8192, WTI_NO_LIMIT, false);
	assert_int_equal(wti_ring_post(&ring, "", 0, 0), 0);
	support_fail_allocations(1, 1);
	assert_int_equal(wti_ring_post_many(&ring, messages, MANY, &posted), WT_ENOMEM);
	assert_int_equal(posted, 20);
	assert_int_equal(wti_ring_post_many(&ring, messages + 20, MANY - 20, &posted), 0);
	assert_int_equal(posted, MANY - 20);
	expect(&ring, 0, 0);
	expect_many(&ring, messages, 0, MANY);
	expect_empty(&ring);
	ring_end(&ring);
	assert_int_equal(support_counts.bytes, 0);
}

/* ---- A producer that stalls ---- */

static _Thread_local bool stalls;
static struct latch stalled, go_on;

static void stall(enum wti_yield_point point, void *object)
{
	(void)object;
	if (point == WTI_YIELD_RESERVED && stalls) {
		latch_open(&stalled);
		latch_await(&go_on);
	}
}

static void *post_and_stall(void *arg)
{
	unsigned char bytes[100];

	stalls = true;
	fill(bytes, sizeof bytes, 1);
	return (void *)(intptr_t)wti_ring_post(arg, bytes, sizeof bytes, 1);
}

/*
 * Between its reservation and its commit, a producer holds back the delivery
 * of what others post later, but not their posts, not even where these make
 * the ring grow; then all come in the order of their reservations.
 */
static void a_stalled_producer_holds_back_delivery_but_no_other_producer(void **state)
{
	(void)state;
	for (uint64_t count = 1; count <= 1000; count *= 10) {
		static struct wti_ring ring;
		pthread_t thread;
		void *result;

		wti_ring_init(&ring, 256, WTI_NO_LIMIT, false);
		assert_int_equal(post(&ring, 10, 0), 0);
		stalled = go_on = (struct latch){ 0 };
		wti_yield_hook = stall;
		assert_int_equal(pthread_create(&thread, NULL, post_and_stall, &ring), 0);
		assert_true(latch_await(&stalled));
		for (uint64_t i = 0; i < count; i++)
			assert_int_equal(post(&ring, 50, 2 + i), 0);
		expect(&ring, 10, 0);
		assert_false(wti_ring_ready(&ring));
		latch_open(&go_on);
		pthread_join(thread, &result);
		assert_null(result);
		expect(&ring, 100, 1);
		for (uint64_t i = 0; i < count; i++)
			expect(&ring, 50, 2 + i);
		expect_empty(&ring);
		ring_end(&ring);
	}
}

/* ---- Many producers ---- */

struct stress {
	struct wti_ring ring;
	unsigned producers;
	uint64_t each;    /* messages of each producer */
	size_t size_most; /* of a payload, at least 16 */
	bool phases;      /* now and then all are large, and leave their bytes */
	bool named;       /* the ring may be a producer's own for a while */
	uint64_t seed;
	atomic_bool stop; /* something is wrong, or all is done */
	struct verdict verdict;
};

struct stress_producer {
	struct stress *stress;
	uint32_t number;
	pthread_t thread;
};

static size_t stress_size(struct stress *stress, uint64_t *random, uint64_t sequence)
{
	uint64_t choice = support_random(random);
	size_t most = choice & 7 ? 100 : stress->size_most;

	if (stress->phases && sequence >> 7 & 1)
		return 8192 + (choice >> 8) % 8000;
	if (most > stress->size_most)
		most = stress->size_most;
	return 16 + (choice >> 8) % (most - 15);
}

/* Up to three at once, by one of the calls that post; true when they are in the ring. */
static size_t stress_post(struct stress *stress, struct iovec *messages, size_t count, uint64_t choice)
{
	struct wti_ring *ring = &stress->ring;
	size_t posted = 1;
	int err = 0;

	if (count > 1) {
		err = wti_ring_post_many(ring, messages, count, &posted);
	} else if (choice & 1) {
		/* In two parts. */
		struct iovec parts[2] = { messages[0], messages[0] };

		parts[0].iov_len = messages[0].iov_len / 3;
		parts[1].iov_base = (char *)messages[0].iov_base + parts[0].iov_len;
		parts[1].iov_len -= parts[0].iov_len;
		err = wti_ring_post_iov(ring, parts, 2, messages[0].iov_len, 0);
		posted = !err;
	} else if (!(choice & 2 && wti_ring_post_short(ring, messages[0].iov_base, messages[0].iov_len))) {
		err = wti_ring_post(ring, messages[0].iov_base, messages[0].iov_len, 0);
		posted = !err;
	}
	CHECK(&stress->verdict, err == 0 || (err == WT_EAGAIN && ring->limit != WTI_NO_LIMIT));
	if (err)
		sched_yield();
	return posted;
}

static void *stress_produce(void *arg)
{
	struct stress_producer *producer = arg;
	struct stress *stress = producer->stress;
	uint64_t random = stress->seed + producer->number;
	unsigned char *bytes = malloc(3 * stress->size_most);
	uint64_t next = 0;

	if (stress->named)
		CHECK(&stress->verdict, wti_thread_self() != NULL);
	while (bytes && next < stress->each && !atomic_load(&stress->stop)) {
		uint64_t choice = support_random(&random);
		size_t count = choice & 12 ? 1 : 3;
		struct iovec messages[3];
		size_t done = 0;

		if (count > stress->each - next)
			count = stress->each - next;
		for (size_t i = 0; i < count; i++) {
			messages[i].iov_base = bytes + i * stress->size_most;
			messages[i].iov_len = stress_size(stress, &random, next + i);
			element_fill(messages[i].iov_base, messages[i].iov_len, producer->number, next + i);
		}
		while (done < count && !atomic_load(&stress->stop))
			done += stress_post(stress, messages + done, count - done, choice);
		next += count;
	}
	free(bytes);
	return NULL;
}

/* Someone who only looks. */
static void *stress_look(void *arg)
{
	struct stress *stress = arg;
	uint64_t last = wti_ring_tail(&stress->ring);

	while (!atomic_load(&stress->stop)) {
		uint64_t tail = wti_ring_tail(&stress->ring);

		CHECK(&stress->verdict, (int64_t)(tail - last) >= 0);
		CHECK(&stress->verdict, wti_ring_used(&stress->ring) < (size_t)1 << 40);
		wti_ring_has_room(&stress->ring, 100);
		last = tail;
		sched_yield();
	}
	return NULL;
}

/* The records that are read and held: released a random number at a time, and whole until then. */
struct held {
	struct wti_record record[16];
	uint64_t upto[16];
	unsigned count;
};

static void stress_release(struct stress *stress, struct held *held)
{
	uint32_t producer;
	uint64_t sequence;

	if (!held->count)
		return;
	for (unsigned i = 0; i < held->count; i++)
		CHECK(&stress->verdict, element_check(held->record[i].data, held->record[i].size, &producer, &sequence));
	if (held->upto[held->count - 1] != stress->ring.read || !wti_ring_release_short(&stress->ring))
		wti_ring_release(&stress->ring, held->upto[held->count - 1]);
	held->count = 0;
}

/* The runner is the consumer; it asserts nothing before the producers are joined. */
static void stress_consume(struct stress *stress)
{
	uint64_t next[8] = { 0 };
	uint64_t left = stress->each * stress->producers;
	uint64_t random = ~stress->seed;
	struct held held = { .count = 0 };

	while (left && !atomic_load(&stress->verdict.failed)) {
		struct wti_record record = wti_ring_next_short(&stress->ring);
		uint32_t producer;
		uint64_t sequence;

		if (!record.data && !wti_ring_next(&stress->ring, &record)) {
			stress_release(stress, &held);
			wti_ring_release(&stress->ring, stress->ring.read);
			wti_ring_flush(&stress->ring);
			sched_yield();
			continue;
		}
		CHECK(&stress->verdict, element_check(record.data, record.size, &producer, &sequence));
		CHECK(&stress->verdict, producer < stress->producers && sequence == next[producer]++);
		held.record[held.count] = record;
		held.upto[held.count++] = stress->ring.read;
		left--;
		if (held.count == 16 || support_random(&random) % 8 == 0)
			stress_release(stress, &held);
	}
	stress_release(stress, &held);
}

static void stress_run(uint64_t *random, bool single)
{
	struct stress *stress = wti_alloc_lines(sizeof *stress);
	struct stress_producer producers[8];
	uint64_t choice = support_random(random);
	size_t capacity = (size_t)1 << (choice >> 4 & 15);
	size_t limit = WTI_NO_LIMIT;
	pthread_t looker;

	assert_non_null(stress);
	stress->producers = single ? 1 : 1 + (choice & 7);
	stress->each = 20000 / support_slowdown() / stress->producers;
	stress->size_most = choice >> 10 & 1 ? 1000 : 40000;
	stress->seed = support_random(random);
	if (choice >> 8 & 1) {
		limit = 128 + (choice >> 16) % 8000;
		stress->size_most = limit / 2 < 1000 ? limit / 2 : 1000;
	}
	stress->phases = limit == WTI_NO_LIMIT && stress->size_most > 1000 && choice >> 11 & 1;
	if (stress->phases)
		capacity = WTI_SEGMENT_MAX;
	support_count();
	support_use_processor(choice >> 12 & 1);
	wti_ring_origin = choice >> 9 & 1 ? (0 - (choice >> 32)) & ~(uint64_t)7 : 0;
	stress->named = choice >> 13 & 1;
	wti_ring_patience = choice >> 14 & 1 ? 0 : WTI_RING_PATIENCE;
	wti_ring_init(&stress->ring, capacity, limit, single);
	assert_int_equal(pthread_create(&looker, NULL, stress_look, stress), 0);
	for (uint32_t i = 0; i < stress->producers; i++) {
		producers[i] = (struct stress_producer){ .stress = stress, .number = i };
		assert_int_equal(pthread_create(&producers[i].thread, NULL, stress_produce, &producers[i]), 0);
	}
	stress_consume(stress);
	atomic_store(&stress->stop, true);
	for (uint32_t i = 0; i < stress->producers; i++)
		pthread_join(producers[i].thread, NULL);
	pthread_join(looker, NULL);
	assert_verdict(&stress->verdict);
	expect_empty(&stress->ring);
	ring_end(&stress->ring);
	assert_int_equal(support_counts.bytes, 0);
	wti_free_lines(stress);
}

/* For as long as a test may take, whatever the machine does in it; at least once. */
static void stress_rounds(bool single)
{
	uint64_t random = support_seed();
	int64_t end = wti_os_real.clock() + 2000000000;

	print_message("# WT_SEED=%llu\n", (unsigned long long)random);
	do
		stress_run(&random, single);
	while (wti_os_real.clock() < end);
}

/* [M1] [M2] [M4] */
static void many_producers_lose_repeat_reorder_and_tear_nothing(void **state)
{
	(void)state;
	stress_rounds(false);
}

/* [M1] [M2] [M4] */
static void a_single_producer_loses_repeats_reorders_and_tears_nothing(void **state)
{
	(void)state;
	stress_rounds(true);
}

static int two(void)
{
	return 2;
}

/*
 * A full ring is looked at again on several processors only, and where polling was not turned off from outside: so that
 * it is tested everywhere. Decided once.
 */
static int wait_as_on_two_processors(void **state)
{
	struct wti_os_ops os = *wti_os;

	(void)state;
	unsetenv("WT_TEST_NO_POLL");
	wti_barrier_init();
	os.cpu_count = two;
	wti_os = &os;
	if (!wti_wait_may_poll())
		return -1;
	support_restore_os();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_side_has_lines_of_its_own),
		TEST(a_new_ring_is_empty_and_takes_no_memory),
		TEST(records_come_out_in_order_each_once),
		TEST(a_look_ahead_counts_what_lies_in_one_segment),
		TEST(short_messages_take_the_short_way_up_to_the_end_of_the_room),
		TEST(a_record_that_passes_the_end_of_a_segment_does_not_take_the_short_way),
		TEST(only_a_short_message_without_a_limit_or_a_timeline_takes_the_short_way),
		TEST(what_is_more_than_a_messages_bytes_is_not_taken_the_short_way),
		TEST(a_glance_sees_what_there_is_to_look_for),
		TEST(a_release_takes_the_short_way_but_for_the_end_of_a_batch),
		TEST(what_holds_more_than_bytes_is_not_released_the_short_way),
		TEST(a_pad_that_was_passed_is_not_released_the_short_way),
		TEST(a_link_that_was_passed_is_not_released_the_short_way),
		TEST(with_a_limit_no_release_takes_the_short_way),
		TEST(a_record_of_no_bytes_is_a_record),
		TEST(every_size_arrives_whole),
		TEST(a_payload_that_is_too_large_for_a_record_goes_into_a_block_of_its_own),
		TEST(bytes_are_gathered_in_order),
		TEST(a_type_keeps_all_its_bits),
		TEST(views_stay_until_they_are_released),
		TEST(progress_is_told_where_much_is_unread),
		TEST(a_release_takes_all_that_lies_before),
		TEST(a_flush_gives_back_what_was_released),
		TEST(a_ring_that_is_emptied_does_not_grow),
		TEST(a_ring_grows_through_all_sizes_and_keeps_order),
		TEST(the_first_record_may_be_larger_than_the_capacity),
		TEST(the_capacity_is_there_with_the_first_post),
		TEST(a_ring_that_is_read_while_it_is_full_does_not_grow),
		TEST(a_consumer_that_waits_for_the_processor_gets_it),
		TEST(nobody_yields_who_may_hold_a_lock),
		TEST(who_finds_two_more_segments_behind_a_yield_links_no_other),
		TEST(a_consumer_that_stands_still_is_hardly_waited_for),
		TEST(who_posts_to_itself_hardly_waits),
		TEST(a_stream_of_large_messages_gets_a_large_segment),
		TEST(a_stream_without_memory_for_a_large_segment_is_not_refused),
		TEST(a_backlog_of_large_messages_gets_no_large_segment),
		TEST(a_large_segment_is_left_for_small_ones),
		TEST(a_post_does_not_wait_for_a_backlog),
		TEST(a_drained_backlog_leaves_little_memory),
		TEST(destroy_frees_what_was_not_read),
		TEST(a_post_at_the_limit_is_refused_and_changes_nothing),
		TEST(what_can_never_fit_is_refused_before_anything_is_allocated),
		TEST(an_approach_to_what_is_half_described_is_harmless),
		TEST(a_short_message_above_the_limit_is_refused),
		TEST(the_limit_allows_so_many_messages_of_a_size),
		TEST(a_size_without_memory_is_refused),
		TEST(payloads_out_of_line_count_toward_the_limit),
		TEST(an_empty_ring_takes_a_record_of_the_whole_limit),
		TEST(post_many_posts_all_of_them_in_order),
		TEST(post_many_stops_at_the_one_that_has_no_room),
		TEST(post_many_takes_large_ones_among_small_ones),
		TEST(post_many_stops_at_the_one_that_never_fits),
		TEST(what_a_large_message_left_is_never_taken_for_a_record),
		TEST(small_messages_clean_up_behind_large_ones),
		TEST(a_ring_is_not_dirty_while_other_messages_come_between),
		TEST(other_messages_between_clean_up_for_good),
		TEST(messages_of_the_least_large_size_leave_their_bytes),
		TEST(a_dirty_ring_whose_positions_wrap_is_not_overfilled),
		TEST(a_segment_that_is_used_again_is_zero),
		TEST(where_amd_made_the_processor_no_ring_is_dirty),
		TEST(messages_of_one_producer_are_zeroed_where_it_helps),
		TEST(posts_reads_and_releases_agree_with_a_model),
		TEST(positions_that_wrap_change_nothing),
		TEST(the_first_post_works_at_any_position),
		TEST(a_post_without_memory_changes_nothing_and_the_ring_stays_usable),
		TEST(post_many_without_memory_says_how_many_were_posted),
		TEST(a_stalled_producer_holds_back_delivery_but_no_other_producer),
		TEST(many_producers_lose_repeat_reorder_and_tear_nothing),
		TEST(a_single_producer_loses_repeats_reorders_and_tears_nothing),
	};

	return cmocka_run_group_tests(tests, wait_as_on_two_processors, NULL);
}
