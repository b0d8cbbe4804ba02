/* SPDX-License-Identifier: MIT */
#include "ring_bias.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <wt/error.h>

#include "os.h"
#include "record.h"
#include "ring_next.h"
#include "ring_post.h"
#include "seam.h"
#include "support/support.h"

/* A record of a message of 8 bytes; the default segment has room for 64 of them. */
enum { BYTES = 8, RECORD = 16 };

static struct wti_ring ring;
static uint64_t posted, taken;

static bool is_biased(void)
{
	return wti_load(&ring.tail) & WTI_TAIL_BIASED;
}

static bool is_mine(void)
{
	return is_biased() && wti_bias_is_mine(&ring);
}

static int post_next(void)
{
	int err = wti_ring_post(&ring, &posted, BYTES, 0);

	posted += !err;
	return err;
}

static void post_some(unsigned count)
{
	while (count--)
		assert_int_equal(post_next(), 0);
}

/* All of them come, in order. */
static void take_all(void)
{
	struct wti_record record;

	while (wti_ring_next(&ring, &record)) {
		assert_int_equal(record.size, BYTES);
		assert_memory_equal(record.data, &taken, BYTES);
		taken++;
		wti_ring_release(&ring, ring.read);
	}
	wti_ring_flush(&ring);
	assert_int_equal(taken, posted);
	assert_int_equal(wti_ring_used(&ring), 0);
}

/* Messages that are taken each before the next is posted: of BYTES, and of so many. */
static void pass(unsigned count)
{
	while (count--) {
		post_some(1);
		take_all();
	}
}

static void pass_sized(unsigned count, size_t size)
{
	static const char bytes[WTI_RECORD_MAX - WTI_HEADER_SIZE];
	struct wti_record record;

	while (count--) {
		assert_int_equal(wti_ring_post(&ring, bytes, size, 0), 0);
		assert_true(wti_ring_next(&ring, &record) && record.size == size);
		wti_ring_release(&ring, ring.read);
	}
}

static void open_with(size_t capacity, size_t limit, bool single)
{
	/* Also where there is no such barrier: there each of these waits for a moment instead. */
	wti_barrier_init();
	wti_store(&wti_barrier_asymmetric, true);
	assert_non_null(wti_thread_self());
	posted = taken = 0;
	wti_ring_init(&ring, capacity, limit, single);
}

static void end_ring(void)
{
	struct wti_list dropped;

	take_all();
	wti_list_init(&dropped);
	wti_ring_destroy(&ring, &dropped);
	assert_true(wti_list_empty(&dropped));
}

/* A ring that is the runner's own from its first post on. */
static void open_mine(size_t capacity)
{
	wti_ring_patience = 0;
	open_with(capacity, WTI_NO_LIMIT, false);
	post_some(1);
	assert_true(is_mine());
	take_all();
}

/* Run by another thread, which has a record, or has none. */
static void on_thread(void *(*fn)(void *arg), void *arg)
{
	pthread_t thread;
	void *result;

	assert_int_equal(pthread_create(&thread, NULL, fn, arg), 0);
	pthread_join(thread, &result);
	assert_null(result);
}

static void *post_as_foreigner(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)post_next();
}

static void *post_as_another(void *arg)
{
	return wti_thread_self() ? post_as_foreigner(arg) : &ring;
}

/* ---- The beginning ---- */

/* It finds none at its first message, for there is no segment, and then at each 63rd. */
static void who_posts_alone_gets_the_ring_when_it_has_found_no_room_some_times(void **state)
{
	(void)state;
	open_with(0, WTI_NO_LIMIT, false);
	for (int i = 0; i < 1 + 63 * wti_ring_patience; i++) {
		assert_false(is_biased());
		pass(1);
	}
	assert_true(is_mine());
	post_some(1000);
	assert_true(is_mine());
	end_ring();
}

static void who_is_not_alone_does_not_get_it(void **state)
{
	(void)state;
	open_with(0, WTI_NO_LIMIT, false);
	for (unsigned turn = 0; turn < 20; turn++) {
		post_some(1024 / RECORD / 2);
		take_all();
		for (unsigned i = 0; i < 1024 / RECORD / 2; i++)
			on_thread(post_as_another, NULL);
		take_all();
		assert_false(is_biased());
	}
	end_ring();
}

static void a_ring_of_one_producer_is_nobodys(void **state)
{
	(void)state;
	wti_ring_patience = 0;
	open_with(0, WTI_NO_LIMIT, true);
	post_some(1000);
	assert_false(is_biased());
	end_ring();
}

static void who_has_no_record_gets_no_ring(void **state)
{
	(void)state;
	wti_ring_patience = 0;
	open_with(0, WTI_NO_LIMIT, false);
	on_thread(post_as_foreigner, NULL);
	assert_false(is_biased());
	end_ring();
}

static void *post_some_as_another(void *arg)
{
	intptr_t err = wti_thread_self() ? 0 : WT_ENOMEM;

	(void)arg;
	for (int i = 0; i < 1000 && !err; i++)
		err = post_next();
	return (void *)err;
}

static void who_finds_all_names_taken_gets_no_ring(void **state)
{
	bool taken_before[WTI_BIAS_NAMES + 1];

	(void)state;
	wti_ring_patience = 0;
	open_with(0, WTI_NO_LIMIT, false);
	for (unsigned name = 1; name <= WTI_BIAS_NAMES; name++) {
		taken_before[name] = wti_bias_taken[name];
		wti_bias_taken[name] = true;
	}
	on_thread(post_some_as_another, NULL);
	assert_false(is_biased());
	for (unsigned name = 1; name <= WTI_BIAS_NAMES; name++)
		wti_bias_taken[name] = taken_before[name];
	on_thread(post_some_as_another, NULL);
	assert_true(is_biased());
	end_ring();
}

static void large_messages_are_no_reason_to_have_it(void **state)
{
	(void)state;
	wti_ring_patience = 0;
	open_with(0, WTI_NO_LIMIT, false);
	pass_sized(100, 512);
	assert_false(is_biased());
	pass_sized(100, 504);
	assert_true(is_mine());
	end_ring();
}

static void where_there_is_no_such_barrier_no_ring_is_anybodys(void **state)
{
	(void)state;
	wti_ring_patience = 0;
	open_with(0, WTI_NO_LIMIT, false);
	wti_store(&wti_barrier_asymmetric, false);
	post_some(1000);
	assert_false(is_biased());
	wti_store(&wti_barrier_asymmetric, true);
	end_ring();
}

/* ---- While it lasts ---- */

static void it_stays_while_the_ring_grows(void **state)
{
	(void)state;
	open_mine(256);
	post_some(100000);
	assert_true(is_mine());
	end_ring();
}

static void it_stays_where_records_do_not_fit_in_at_the_end(void **state)
{
	(void)state;
	open_mine(256);
	pass_sized(100, 100);
	assert_true(is_mine());
	end_ring();
}

static void what_is_refused_changes_nothing(void **state)
{
	(void)state;
	wti_ring_patience = 0;
	open_with(0, 10 * (size_t)RECORD, false);
	post_some(10);
	assert_true(is_mine());
	assert_int_equal(post_next(), WT_EAGAIN);
	take_all();
	post_some(10);
	assert_true(is_mine());
	end_ring();
}

static void what_it_has_reserved_last_is_given_back(void **state)
{
	struct wti_ring_slot slot;
	uint64_t tail;

	(void)state;
	open_mine(0);
	tail = wti_load(&ring.tail);
	assert_int_equal(wti_ring_reserve(&ring, 200, &slot), 0);
	wti_ring_abandon(&ring, &slot);
	assert_int_equal(wti_load(&ring.tail), tail);
	assert_int_equal(wti_ring_reserve(&ring, 200, &slot), 0);
	memcpy(slot.payload, &posted, BYTES);
	posted++;
	wti_ring_commit(&ring, &slot, BYTES, 0, false);
	assert_int_equal(wti_load(&ring.tail), tail + RECORD);
	assert_true(is_mine());
	end_ring();
}

static void what_lies_before_another_is_passed_over(void **state)
{
	struct wti_ring_slot slot;
	uint64_t tail;

	(void)state;
	open_mine(0);
	tail = wti_load(&ring.tail);
	assert_int_equal(wti_ring_reserve(&ring, 200, &slot), 0);
	post_some(1);
	wti_ring_abandon(&ring, &slot);
	assert_int_equal(wti_load(&ring.tail), tail + 208 + RECORD);
	end_ring();
}

static void *abandon(void *slot)
{
	wti_ring_abandon(&ring, slot);
	return NULL;
}

/* By a thread whose own the ring is not: that may not move the tail back. */
static void what_another_thread_gives_back_is_passed_over(void **state)
{
	struct wti_ring_slot slot;
	uint64_t tail;

	(void)state;
	open_mine(0);
	tail = wti_load(&ring.tail);
	assert_int_equal(wti_ring_reserve(&ring, 200, &slot), 0);
	on_thread(abandon, &slot);
	assert_int_equal(wti_load(&ring.tail), tail + 208);
	post_some(1);
	assert_true(is_mine());
	end_ring();
}

/* ---- The end ---- */

static atomic_uint barriers;
static int barrier_result;

static int count_barrier(void)
{
	atomic_fetch_add(&barriers, 1);
	return barrier_result ? barrier_result : wti_os_real.barrier();
}

static void use_barrier(int result)
{
	static struct wti_os_ops os;

	os = *wti_os;
	os.barrier = count_barrier;
	wti_os = &os;
	atomic_store(&barriers, 0);
	barrier_result = result;
}

static void the_first_post_of_another_thread_ends_it(void **state)
{
	(void)state;
	open_mine(0);
	use_barrier(0);
	post_some(10);
	on_thread(post_as_another, NULL);
	assert_false(is_biased());
	assert_int_equal(atomic_load(&barriers), 1);
	post_some(10);
	on_thread(post_as_foreigner, NULL);
	assert_false(is_biased());
	assert_int_equal(atomic_load(&barriers), 1);
	end_ring();
}

static void *grow_as_another(void *arg)
{
	static const char bytes[WTI_SEGMENT_MAX / 16];

	(void)arg;
	return (void *)(intptr_t)wti_ring_post(&ring, bytes, sizeof bytes, 0);
}

/* It finds no room, be that known before it finds whose the ring is. */
static void a_post_that_makes_the_ring_grow_ends_it(void **state)
{
	struct wti_record record;

	(void)state;
	open_mine(256);
	wti_ring_patience = 100;
	on_thread(grow_as_another, NULL);
	assert_false(is_biased());
	assert_true(wti_ring_next(&ring, &record) && record.size == WTI_SEGMENT_MAX / 16);
	wti_ring_release(&ring, ring.read);
	post_some(10);
	end_ring();
}

/* Under the lock, where large messages have left their bytes, and nothing is known to be zero. */
static void a_post_into_a_dirty_ring_ends_it(void **state)
{
	struct wti_record record;

	(void)state;
	support_use_processor(false);
	open_mine(WTI_SEGMENT_MAX);
	pass_sized(100, WTI_RECORD_MAX - WTI_HEADER_SIZE);
	wti_ring_flush(&ring);
	assert_true(wti_load(&ring.dirty) && is_mine());
	for (unsigned i = 0; i < 100; i++) {
		on_thread(grow_as_another, NULL);
		assert_false(is_biased());
		assert_true(wti_ring_next(&ring, &record));
		wti_ring_release(&ring, ring.read);
	}
	post_some(10);
	end_ring();
}

/* As often as at first it has to find no room again. */
static void what_another_thread_has_ended_begins_again(void **state)
{
	(void)state;
	open_mine(0);
	on_thread(post_as_another, NULL);
	take_all();
	wti_store(&ring.patience, 3);
	for (unsigned i = 0; i < 3 * 63; i++) {
		assert_false(is_biased());
		pass(1);
	}
	pass(63);
	assert_true(is_mine());
	end_ring();
}

/* Each post of a dirty ring finds no room that it knows of, and would be no faster. */
static void a_dirty_ring_is_nobodys(void **state)
{
	(void)state;
	support_use_processor(false);
	open_with(WTI_SEGMENT_MAX, WTI_NO_LIMIT, false);
	pass_sized(100, WTI_RECORD_MAX - WTI_HEADER_SIZE);
	wti_ring_flush(&ring);
	wti_store(&ring.patience, 0);
	for (unsigned i = 0; i < 10; i++) {
		assert_true(wti_load(&ring.dirty));
		post_some(1);
		assert_false(is_biased());
	}
	end_ring();
}

/* What it spared has to pay for what its end takes. */
static void where_it_was_short_the_next_one_comes_later(void **state)
{
	(void)state;
	open_mine(0);
	wti_ring_patience = 5;
	pass(5000);
	on_thread(post_as_another, NULL);
	take_all();
	wti_store(&ring.patience, 0);
	pass(63);
	assert_true(is_mine());
	wti_store(&ring.patience, 12);
	on_thread(post_as_another, NULL);
	assert_int_equal(wti_load(&ring.patience), 24);
	wti_store(&ring.patience, 1 << 14);
	wti_store(&ring.visits, UINT16_MAX);
	post_some(1024 / RECORD);
	assert_true(is_mine());
	on_thread(post_as_another, NULL);
	assert_int_equal(wti_load(&ring.patience), 1 << 14);
	end_ring();
}

static void where_it_was_long_the_next_one_comes_sooner(void **state)
{
	static const uint16_t patience[3] = { 12, 6, 5 };

	(void)state;
	open_mine(0);
	wti_ring_patience = 5;
	wti_store(&ring.patience, patience[0]);
	for (unsigned i = 0; i < 2; i++) {
		pass(6000);
		assert_true(is_mine());
		on_thread(post_as_another, NULL);
		assert_int_equal(wti_load(&ring.patience), patience[i + 1]);
	}
	end_ring();
}

/* ---- Names ---- */

/* It gets its name by a ring of its own first. */
static void *post_other_and_some(void *arg)
{
	static struct wti_ring other;
	struct wti_list dropped;
	intptr_t err = 0;

	(void)arg;
	if (!wti_thread_self())
		return (void *)(intptr_t)WT_ENOMEM;
	wti_list_init(&dropped);
	wti_ring_init(&other, 0, WTI_NO_LIMIT, false);
	wti_store(&other.patience, 0);
	err = wti_ring_post(&other, "", 0, 0);
	wti_ring_destroy(&other, &dropped);
	return err ? (void *)err : post_some_as_another(NULL);
}

/* Of a thread that has ended: what was biased to it is the next one's with its name, and was written before. */
static void a_name_goes_to_another_thread_with_all_it_has(void **state)
{
	(void)state;
	wti_ring_patience = 0;
	open_with(0, WTI_NO_LIMIT, false);
	use_barrier(0);
	on_thread(post_some_as_another, NULL);
	assert_true(is_biased() && !is_mine());
	wti_store(&ring.visitor, UINT32_MAX);
	wti_ring_patience = 100;
	wti_store(&ring.patience, 100);
	on_thread(post_other_and_some, NULL);
	assert_true(is_biased());
	assert_int_equal(atomic_load(&barriers), 0);
	end_ring();
}

static bool named_at_the_end;

static void look_at_the_end(struct wti_thread *self)
{
	named_at_the_end = self->bias_name && wti_bias_taken[self->bias_name];
}

static void *post_and_end(void *arg)
{
	wti_thread_self()->end[WTI_END_HEAP] = look_at_the_end;
	return post_some_as_another(arg);
}

/* What runs at its end may post. */
static void a_thread_has_its_name_as_long_as_it_may_post(void **state)
{
	(void)state;
	wti_ring_patience = 0;
	open_with(0, WTI_NO_LIMIT, false);
	on_thread(post_and_end, NULL);
	assert_true(is_biased());
	assert_true(named_at_the_end);
	assert_false(wti_bias_taken[wti_load(&ring.bias)]);
	end_ring();
}

static pthread_key_t late_key;
static int late_error;

static void post_at_the_end(void *arg)
{
	(void)arg;
	late_error = wti_thread_peek() || !wti_thread_self() ? WT_EINVAL : post_next();
}

static void *post_and_leave_more(void *arg)
{
	void *err = post_some_as_another(arg);

	late_error = WT_EINVAL;
	return pthread_setspecific(late_key, &late_error) == 0 ? err : arg;
}

/* A thread that calls again behind its end, in another destructor, has a new record, and no name. */
static void who_comes_back_behind_its_end_has_lost_its_ring(void **state)
{
	pthread_key_t key;

	(void)state;
	wti_ring_patience = 0;
	open_with(0, WTI_NO_LIMIT, false);
	use_barrier(0);
	assert_int_equal(pthread_key_create(&key, post_at_the_end), 0);
	late_key = key;
	on_thread(post_and_leave_more, NULL);
	assert_int_equal(pthread_key_delete(key), 0);
	assert_int_equal(late_error, 0);
	assert_int_equal(posted, 1001);
	assert_int_equal(atomic_load(&barriers), 1);
	end_ring();
}

/* ---- Who is inside ---- */

static struct latch held, go, over;

static void hold_inside(enum wti_yield_point point, void *object)
{
	if (point == WTI_YIELD_INSIDE && object == &ring && !latch_is_open(&held)) {
		latch_open(&held);
		latch_await(&go);
	}
}

static void *post_and_say(void *arg)
{
	intptr_t err = wti_thread_self() ? wti_ring_post(&ring, arg, BYTES, 0) : WT_ENOMEM;

	latch_open(&over);
	return (void *)err;
}

static void *own_and_post(void *arg)
{
	intptr_t err = wti_thread_self() ? wti_ring_post(&ring, arg, BYTES, 0) : WT_ENOMEM;

	return (void *)(err ? err : wti_ring_post(&ring, arg, BYTES, 0));
}

/* Until who is inside has moved the tail no other thread does; also where the system refuses the barrier. */
static void who_ends_it_waits_for_who_is_inside(int barrier)
{
	static const uint64_t numbers[2] = { 0, 1 };
	pthread_t first, second;
	uint64_t number, sum = 0;
	struct wti_record record;
	void *results[2];

	wti_ring_patience = 0;
	open_with(0, WTI_NO_LIMIT, false);
	use_barrier(barrier);
	held = go = over = (struct latch){ 0 };
	wti_yield_hook = hold_inside;
	assert_int_equal(pthread_create(&first, NULL, own_and_post, (void *)(uintptr_t)&numbers[0]), 0);
	assert_true(latch_await(&held));
	assert_int_equal(pthread_create(&second, NULL, post_and_say, (void *)(uintptr_t)&numbers[1]), 0);
	wti_os_real.futex_wait(&(_Atomic(uint32_t)){ 0 }, 0, wti_os_real.clock() + 20000000);
	assert_false(latch_is_open(&over));
	latch_open(&go);
	pthread_join(first, &results[0]);
	pthread_join(second, &results[1]);
	wti_yield_hook = NULL;
	assert_null(results[0]);
	assert_null(results[1]);
	assert_false(is_biased());
	assert_true(atomic_load(&barriers) >= 1);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(wti_ring_next(&ring, &record) && record.size == BYTES);
		memcpy(&number, record.data, BYTES);
		assert_true(i || !number);
		sum += number;
	}
	assert_int_equal(sum, 1);
	wti_ring_release(&ring, ring.read);
	end_ring();
}

/* The runner, whose own the ring is, seems to be in another one all the time. */
static void who_is_inside_another_ring_is_not_waited_for(void **state)
{
	static struct wti_ring other;
	struct wti_bias_place *place;

	(void)state;
	open_mine(0);
	place = &wti_bias_places[wti_thread_self()->bias_name];
	wti_store(&place->inside, &other);
	on_thread(post_as_another, NULL);
	wti_store(&place->inside, NULL);
	assert_false(is_biased());
	end_ring();
}

static void another_thread_waits_until_the_tail_is_moved(void **state)
{
	(void)state;
	who_ends_it_waits_for_who_is_inside(0);
}

static void another_thread_waits_also_where_the_barrier_is_refused(void **state)
{
	(void)state;
	who_ends_it_waits_for_who_is_inside(-EPERM);
}

static void without_the_barrier_another_thread_waits_a_moment(void **state)
{
	int64_t before;

	(void)state;
	open_mine(0);
	use_barrier(-EPERM);
	before = wti_os_real.clock();
	on_thread(post_as_another, NULL);
	assert_true(wti_os_real.clock() - before >= 1000000);
	assert_false(is_biased());
	end_ring();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_posts_alone_gets_the_ring_when_it_has_found_no_room_some_times),
		TEST(who_is_not_alone_does_not_get_it),
		TEST(a_ring_of_one_producer_is_nobodys),
		TEST(who_has_no_record_gets_no_ring),
		TEST(who_finds_all_names_taken_gets_no_ring),
		TEST(large_messages_are_no_reason_to_have_it),
		TEST(where_there_is_no_such_barrier_no_ring_is_anybodys),
		TEST(it_stays_while_the_ring_grows),
		TEST(it_stays_where_records_do_not_fit_in_at_the_end),
		TEST(what_is_refused_changes_nothing),
		TEST(what_it_has_reserved_last_is_given_back),
		TEST(what_lies_before_another_is_passed_over),
		TEST(what_another_thread_gives_back_is_passed_over),
		TEST(the_first_post_of_another_thread_ends_it),
		TEST(a_post_that_makes_the_ring_grow_ends_it),
		TEST(a_post_into_a_dirty_ring_ends_it),
		TEST(what_another_thread_has_ended_begins_again),
		TEST(a_dirty_ring_is_nobodys),
		TEST(who_is_inside_another_ring_is_not_waited_for),
		TEST(where_it_was_short_the_next_one_comes_later),
		TEST(where_it_was_long_the_next_one_comes_sooner),
		TEST(a_name_goes_to_another_thread_with_all_it_has),
		TEST(a_thread_has_its_name_as_long_as_it_may_post),
		TEST(who_comes_back_behind_its_end_has_lost_its_ring),
		TEST(another_thread_waits_until_the_tail_is_moved),
		TEST(another_thread_waits_also_where_the_barrier_is_refused),
		TEST(without_the_barrier_another_thread_waits_a_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
