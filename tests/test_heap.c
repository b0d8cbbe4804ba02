/* SPDX-License-Identifier: MIT */
#include "heap.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <wt.h>

#include "arena.h"
#include "support/child.h"
#include "support/ports.h"
#include "support/support.h"
#include "thread.h"

enum { MIB = 1 << 20 };

/* The accounts of the calling thread. */
static struct wt_heap_stats read_stats(void)
{
	struct wt_heap_stats stats = { .size = sizeof stats };

	if (wt_heap_stats(&stats))
		abort();
	return stats;
}

/* ---- Blocks ---- */

static void the_backend_is_the_one_that_was_built(void **state)
{
	(void)state;
#ifdef WTI_JEMALLOC
	assert_string_equal(wt_heap_backend(), "jemalloc");
#else
	assert_string_equal(wt_heap_backend(), "libc");
#endif
}

static void blocks_hold_what_is_written(void **state)
{
	unsigned char *a, *b;

	(void)state;
	a = wt_alloc(100);
	assert_non_null(a);
	memset(a, 1, 100);
	b = wt_calloc(25, 4);
	assert_non_null(b);
	for (int i = 0; i < 100; i++)
		assert_int_equal(b[i], 0);
	memset(b, 2, 100);
	a = wt_realloc(a, 100000);
	assert_non_null(a);
	for (int i = 0; i < 100; i++)
		assert_true(a[i] == 1 && b[i] == 2);
	a = wt_realloc(a, 10);
	assert_non_null(a);
	for (int i = 0; i < 10; i++)
		assert_int_equal(a[i], 1);
	wt_free(a);
	wt_free(b);
}

static void nothing_is_a_block_too(void **state)
{
	void *a = wt_alloc(0), *b = wt_calloc(0, 5), *c = wt_realloc(NULL, 0);

	(void)state;
	assert_true(a && b && c);
	assert_true(a != b && b != c && c != a);
	a = wt_realloc(a, 0);
	assert_non_null(a);
	wt_free(a);
	wt_free(b);
	wt_free(c);
	wt_free(NULL);
}

static void a_string_is_copied(void **state)
{
	char *copy = wt_strdup("worker"), *empty = wt_strdup("");

	(void)state;
	assert_string_equal(copy, "worker");
	assert_string_equal(empty, "");
	assert_null(wt_strdup(NULL));
	wt_free(copy);
	wt_free(empty);
}

static void sizes_that_cannot_be_are_refused(void **state)
{
	struct wt_heap_stats before = read_stats(), after;
	void *block = wt_alloc(10);

	(void)state;
	memset(block, 4, 10);
	errno = ENOTTY;
	assert_null(wt_alloc(SIZE_MAX));
	assert_null(wt_alloc((size_t)1 << 50));
	assert_null(wt_calloc(SIZE_MAX, SIZE_MAX));
	assert_null(wt_calloc(((size_t)1 << 32) + 1, (size_t)1 << 32));
	assert_null(wt_realloc(block, SIZE_MAX));
	assert_null(wt_realloc(block, (size_t)1 << 50));
	assert_null(wt_realloc(NULL, SIZE_MAX));
	assert_int_equal(errno, ENOTTY);
	after = read_stats();
	assert_int_equal(after.refused - before.refused, 7);
	assert_int_equal(((char *)block)[9], 4);
	wt_free(block);
	assert_int_equal(read_stats().now, before.now);
}

/* ---- Accounts ---- */

static void a_thread_that_allocates_nothing_has_empty_accounts(void *arg)
{
	struct verdict *verdict = arg;
	struct wt_heap_stats stats;

	memset(&stats, 0x55, sizeof stats);
	stats.size = sizeof stats;
	CHECK(verdict, wt_heap_stats(&stats) == 0);
	CHECK(verdict, stats.now == 0 && stats.peak == 0 && stats.limit == 0);
	CHECK(verdict, stats.allocations == 0 && stats.frees == 0 && stats.refused == 0);
}

static void accounts_follow_each_block(void *arg)
{
	struct verdict *verdict = arg;
	size_t one, two;
	void *a, *b;

	a_thread_that_allocates_nothing_has_empty_accounts(verdict);
	a = wt_alloc(1000);
	one = read_stats().now;
	CHECK(verdict, one >= 1000 && one <= 1280);
	CHECK(verdict, read_stats().peak == one);
	b = wt_calloc(10, 500);
	two = read_stats().now;
	CHECK(verdict, two >= one + 5000 && read_stats().peak == two);
	wt_free(a);
	CHECK(verdict, read_stats().now == two - one && read_stats().peak == two);
	b = wt_realloc(b, 1000);
	CHECK(verdict, read_stats().now == one && read_stats().peak == two);
	wt_free(b);
	CHECK(verdict, read_stats().now == 0 && read_stats().peak == two);
	CHECK(verdict, read_stats().allocations == 2 && read_stats().frees == 2 && read_stats().refused == 0);
}

static void accounts_are_exact_and_each_thread_has_its_own(void **state)
{
	struct verdict verdict = { 0 };
	void *block = wt_alloc(12345);
	struct wt_heap_stats before = read_stats(), after;

	(void)state;
	run_on_new_thread(a_thread_that_allocates_nothing_has_empty_accounts, &verdict);
	run_on_new_thread(accounts_follow_each_block, &verdict);
	assert_verdict(&verdict);
	after = read_stats();
	assert_memory_equal(&before, &after, sizeof before);
	wt_free(block);
}

static void accounts_of_other_versions_are_filled_as_far_as_known(void **state)
{
	struct {
		struct wt_heap_stats stats;
		uint64_t later;
	} larger = { .stats = { .size = sizeof larger }, .later = 77 };
	struct wt_heap_stats smaller = { .size = offsetof(struct wt_heap_stats, peak), .peak = 77 };
	void *block = wt_alloc(100);

	(void)state;
	assert_int_equal(wt_heap_stats(&larger.stats), 0);
	assert_int_equal(larger.later, 0);
	assert_int_equal(larger.stats.size, sizeof larger);
	assert_true(larger.stats.now >= 100);
	assert_int_equal(wt_heap_stats(&smaller), 0);
	assert_true(smaller.now >= 100);
	assert_int_equal(smaller.peak, 77);
	assert_int_equal(wt_heap_stats(NULL), WT_EINVAL);
	smaller.size = 0;
	assert_int_equal(wt_heap_stats(&smaller), WT_EINVAL);
	smaller.size = SIZE_MAX;
	assert_int_equal(wt_heap_stats(&smaller), WT_EINVAL);
	wt_free(block);
}

/* ---- Workers ---- */

struct task {
	void (*fn)(struct verdict *verdict);
	struct verdict verdict;
};

static int entry_task(wt_port *parent, const void *data, size_t size)
{
	struct task *task = *(struct task *const *)data;

	(void)parent;
	(void)size;
	task->fn(&task->verdict);
	return 0;
}

static void run_in_worker(void (*fn)(struct verdict *verdict), size_t limit)
{
	struct task task = { .fn = fn }, *at = &task;
	wt_worker *worker;
	int code = -1;

	assert_int_equal(wt_worker_create(&worker, entry_task, &at, sizeof at, WT_WORKER_OPTIONS(.heap_limit = limit)), 0);
	assert_int_equal(wt_worker_join(worker, &code, wt_after_ms(20000)), 0);
	assert_verdict(&task.verdict);
	assert_int_equal(code, 0);
	wt_worker_destroy(worker);
}

static void one_huge(struct verdict *verdict)
{
	void *all;

	CHECK(verdict, read_stats().limit == MIB);
	CHECK(verdict, !wt_alloc(MIB + 1) && !wt_calloc(MIB + 1, 1) && !wt_realloc(NULL, MIB + 1));
	CHECK(verdict, !wt_alloc((size_t)1 << 40));
	CHECK(verdict, read_stats().now == 0 && read_stats().peak == 0 && read_stats().refused == 4);
	/* Exact: all of it can be had, and then nothing any more. */
	all = wt_alloc(MIB);
	CHECK(verdict, all && read_stats().now == MIB);
	CHECK(verdict, !wt_alloc(0) && !wt_alloc(1));
	wt_free(all);
	all = wt_alloc(MIB);
	CHECK(verdict, all);
}

static void many_small(struct verdict *verdict)
{
	struct node {
		struct node *next;
		char rest[40];
	} *list = NULL, *node;
	size_t count = 0;

	while ((node = wt_alloc(sizeof *node))) {
		node->next = list;
		list = node;
		count++;
		CHECK(verdict, read_stats().now <= MIB);
	}
	CHECK(verdict, count == MIB / 48 && read_stats().now == count * 48);
	/* What is given back can be had again. */
	for (int i = 0; i < 10; i++) {
		node = list;
		list = list->next;
		wt_free(node);
	}
	for (int i = 0; i < 10; i++)
		CHECK(verdict, wt_alloc(48));
	CHECK(verdict, !wt_alloc(48));
	CHECK(verdict, read_stats().peak <= MIB);
}

static void growing(struct verdict *verdict)
{
	unsigned char *block = wt_alloc(1000), *grown;
	size_t size = 1000, now;

	memset(block, 6, size);
	while ((grown = wt_realloc(block, size + 1000))) {
		block = grown;
		memset(block + size, 6, 1000);
		size += 1000;
		CHECK(verdict, read_stats().now <= MIB);
	}
	/* The sizes in which an allocator hands out blocks go up by a quarter at the most. */
	CHECK(verdict, size > MIB / 5 * 4 - 2000);
	now = read_stats().now;
	for (size_t i = 0; i < size; i++)
		CHECK(verdict, block[i] == 6);
	CHECK(verdict, !wt_realloc(block, SIZE_MAX));
	CHECK(verdict, read_stats().now == now);
	block = wt_realloc(block, 100);
	CHECK(verdict, block && read_stats().now < 1000);
	block = wt_realloc(block, MIB);
	CHECK(verdict, block && block[99] == 6);
}

/* [H1] [H2] */
static void the_limit_holds_for_one_huge_many_small_and_growing(void **state)
{
	(void)state;
	run_in_worker(one_huge, MIB);
	run_in_worker(many_small, MIB);
	run_in_worker(growing, MIB);
}

static void less_than_a_block(struct verdict *verdict)
{
	CHECK(verdict, !wt_alloc(0) && !wt_strdup("") && !wt_calloc(1, 1));
	CHECK(verdict, read_stats().refused == 3 && read_stats().allocations == 0);
}

static void without_limit(struct verdict *verdict)
{
	unsigned char *block = wt_calloc(64, MIB);

	CHECK(verdict, block && read_stats().limit == 0 && read_stats().now >= (size_t)64 * MIB);
}

static void the_least_limit_is_one_and_none_is_none(void **state)
{
	(void)state;
	run_in_worker(less_than_a_block, 1);
	run_in_worker(without_limit, 0);
}

static int entry_eats_until_it_fails(wt_port *parent, const void *data, size_t size)
{
	size_t blocks = 0;

	(void)parent;
	(void)data;
	(void)size;
	while (wt_alloc(1000))
		blocks++;
	wt_fail(WT_ENOMEM, "no memory after %zu blocks", blocks);
}

struct seen {
	int failures, exits, code;
	size_t blocks; /* that the failure speaks of */
};

static void on_error(wt_worker *worker, const wt_failure *failure, void *arg)
{
	struct seen *seen = arg;

	(void)worker;
	seen->failures += failure->code == WT_ENOMEM;
	if (sscanf(failure->message, "no memory after %zu blocks", &seen->blocks) != 1)
		seen->blocks = 0;
}

static void on_exit_(wt_worker *worker, int code, void *arg)
{
	struct seen *seen = arg;

	seen->exits++;
	seen->code = code;
	wt_worker_destroy(worker);
}

static void a_worker_at_its_limit_fails_and_its_creator_goes_on(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		struct seen seen = { 0 };
		wt_worker *worker;
		void *mine;

		assert_int_equal(wt_worker_create(&worker, entry_eats_until_it_fails, NULL, 0,
						  WT_WORKER_OPTIONS(.heap_limit = 3 * MIB)),
				 0);
		wt_worker_on_error(worker, on_error, &seen);
		wt_worker_on_exit(worker, on_exit_, &seen);
		assert_int_equal(wt_run(), 0);
		assert_int_equal(seen.failures, 1);
		assert_int_equal(seen.exits, 1);
		assert_int_equal(seen.code, 1);
		assert_in_range(seen.blocks, 3 * MIB / 1280, 3 * MIB / 1000);
		mine = wt_alloc(10 * MIB);
		assert_non_null(mine);
		wt_free(mine);
	}
}

/* ---- The end ---- */

static void eat(void)
{
	for (int i = 0; i < 8; i++) {
		void *block = wt_alloc(MIB);

		if (!block)
			abort();
		memset(block, 1, MIB);
	}
	for (int i = 0; i < 1000; i++)
		if (!wt_alloc((size_t)i))
			abort();
}

enum way { WAY_RETURN, WAY_EXIT, WAY_FAIL, WAY_PTHREAD_EXIT, WAY_TERMINATED, WAYS };

static int entry_eats_and_ends(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	(void)size;
	eat();
	switch (*(const enum way *)data) {
	case WAY_EXIT:
		wt_exit(0);
	case WAY_FAIL:
		wt_fail(WT_EINVAL, "as told");
	case WAY_PTHREAD_EXIT:
		pthread_exit(NULL);
	case WAY_TERMINATED:
		while (wt_port_receive(parent, &message, WT_FOREVER) == 0)
			;
		break;
	default:
		break;
	}
	return 0;
}

static void worker_that_eats(enum way way)
{
	wt_worker *worker;
	wt_failure failure;

	assert_int_equal(wt_worker_create(&worker, entry_eats_and_ends, &way, sizeof way, NULL), 0);
	if (way == WAY_TERMINATED)
		assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20000)), 0);
	if (way == WAY_FAIL)
		assert_int_equal(wt_worker_failure(worker, &failure), 0);
	wt_worker_destroy(worker);
}

/* [H3] 100 workers of 8 MiB each: what stayed would show. */
static void a_heap_is_freed_whole_however_its_worker_ends(void **state)
{
	size_t before = 0;
	long bytes = 0;

	(void)state;
	support_count();
	for (int i = 0; i < 100 / (int)support_slowdown() + WAYS; i++) {
		worker_that_eats((enum way)(i % WAYS));
		if (i == WAYS - 1) {
			before = support_resident();
			bytes = atomic_load(&support_counts.bytes);
		}
	}
	assert_int_equal(atomic_load(&support_counts.bytes), bytes);
	if (support_slowdown() == 1)
		assert_true(support_resident() < before + 24 * MIB);
}

static void eat_on_a_foreign_thread(void *arg)
{
	(void)arg;
	eat();
}

/* [H3] */
static void a_foreign_thread_s_heap_is_freed_at_its_end(void **state)
{
	size_t before = 0;
	long bytes = 0;

	(void)state;
	support_count();
	for (int i = 0; i < 50 / (int)support_slowdown() + 2; i++) {
		run_on_new_thread(eat_on_a_foreign_thread, NULL);
		if (i == 0) {
			before = support_resident();
			bytes = atomic_load(&support_counts.bytes);
		}
	}
	assert_int_equal(atomic_load(&support_counts.bytes), bytes);
	if (support_slowdown() == 1)
		assert_true(support_resident() < before + 24 * MIB);
}

struct late {
	char *text;
	struct verdict verdict;
	int cleanups;
};

static void use_late(void *arg)
{
	struct late *late = arg;
	char *more = wt_strdup("more");

	CHECK(&late->verdict, strcmp(late->text, "mine") == 0);
	CHECK(&late->verdict, more && strcmp(more, "more") == 0);
	late->text = wt_realloc(late->text, 1000);
	CHECK(&late->verdict, late->text && strcmp(late->text, "mine") == 0);
	late->cleanups++;
}

static int entry_late(wt_port *parent, const void *data, size_t size)
{
	struct late *late = *(struct late *const *)data;

	(void)parent;
	(void)size;
	late->text = wt_strdup("mine");
	CHECK(&late->verdict, wt_defer(use_late, late) == 0);
	CHECK(&late->verdict, wt_on_exit(use_late, late) == 0);
	wt_exit(0);
}

static void exit_handlers_and_cleanups_still_have_the_heap(void **state)
{
	struct late late = { 0 }, *at = &late;
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_late, &at, sizeof at, NULL), 0);
	assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20000)), 0);
	assert_verdict(&late.verdict);
	assert_int_equal(late.cleanups, 2);
	wt_worker_destroy(worker);
}

/* ---- Without memory ---- */

static void allocate_while_it_fails(void *arg)
{
	struct verdict *verdict = arg;
	void *block = NULL;

	/* The record, the arena, with libc the block: each may fail once. */
	for (unsigned long n = 1; n < 20 && !block; n++) {
		support_fail_allocations(n, 1);
		block = wt_alloc(100);
		support_fail_allocations(0, 0);
	}
	CHECK(verdict, block);
	CHECK(verdict, read_stats().allocations == 1);
	wt_free(block);
}

/* [P1] */
static void the_first_call_of_a_thread_survives_the_failure_of_each_allocation(void **state)
{
	struct verdict verdict = { 0 };

	(void)state;
	support_count();
	run_on_new_thread(allocate_while_it_fails, &verdict);
	assert_verdict(&verdict);
}

#ifdef WTI_JEMALLOC

/* As where jemalloc has none left: no idle arena, and no new one. */
static void begin_without_an_arena(void *arg)
{
	struct verdict *verdict = arg;
	const struct wti_arena_ops *ops = wti_arena_jemalloc();
	struct wti_arena *taken[100];
	int count = 0;
	void *block;

	wt_thread_id();
	support_fail_allocations(1, 0);
	while (count < 100 && (taken[count] = ops->begin()))
		count++;
	CHECK(verdict, count < 100);
	support_fail_allocations(1, 1);
	block = wt_alloc(100);
	support_fail_allocations(0, 0);
	CHECK(verdict, block && wti_arena_libc.owns(wti_thread_self()->heap.arena, block));
	block = wt_realloc(block, 10000);
	CHECK(verdict, block && read_stats().now >= 10000);
	while (count > 0)
		ops->end(taken[--count], 0);
}

static void a_heap_without_an_arena_is_of_libc(void **state)
{
	struct verdict verdict = { 0 };

	(void)state;
	support_count();
	run_on_new_thread(begin_without_an_arena, &verdict);
	assert_verdict(&verdict);
	assert_string_equal(wt_heap_backend(), "jemalloc");
}

#endif

/* ---- Without memory, in a process of its own ---- */

#if defined(WTI_JEMALLOC) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define TEST_SCARCE

static struct latch starving, starved;

static int entry_allocate(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return !wt_alloc(1000);
}

static int entry_starve(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	latch_open(&starving);
	latch_await(&starved);
	for (int i = 0; i < 4; i++) {
		char *block = wt_alloc(1000);

		if (block)
			*block = 1;
	}
	return 0;
}

enum { EATEN_MAX = 512 * MIB };

static void *volatile food; /* which the compiler cannot leave out */

/* All that the process may have. */
static int eat_up(void)
{
	struct rlimit limit;
	size_t eaten = 0;

	if (getrlimit(RLIMIT_AS, &limit))
		return 1;
	limit.rlim_cur = 1 << 20;
	if (setrlimit(RLIMIT_AS, &limit))
		return 1;
	for (size_t size = 64 * MIB; size >= 4096; size /= 2)
		while (eaten < EATEN_MAX && (food = malloc(size)))
			eaten += size;
	return eaten >= EATEN_MAX;
}

/* The stack cannot grow any more then. */
static void grow_stack(void)
{
	volatile char bytes[512 << 10];

	for (size_t i = 0; i < sizeof bytes; i += 4096)
		bytes[i] = 1;
}

/* The second worker takes the arena that the first one left, which needs no memory; its cache does. */
static int main_scarce(void)
{
	wt_worker *first, *second;
	int code;

	grow_stack();
	if (wt_worker_create(&first, entry_allocate, NULL, 0, NULL) || wt_worker_join(first, &code, WT_FOREVER) || code)
		return 1;
	wt_worker_destroy(first);
	if (wt_worker_create(&second, entry_starve, NULL, 0, NULL) || !latch_await(&starving) || eat_up())
		return 2;
	latch_open(&starved);
	if (wt_worker_join(second, &code, WT_FOREVER) || code)
		return 3;
	_exit(42);
}

/* [P1] [H2] jemalloc 5.3 aborts where a cache that was flushed cannot be made again. */
static void a_heap_that_begins_without_memory_aborts_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		struct child_result result;

		child_run("scarce", &result);
		if (result.status != 42)
			fail_msg("status %d\n%s", result.status, result.errors);
	}
}

#endif

/* ---- On the wrong thread ---- */

#ifdef WTI_DEBUG

static void free_what_is_not_mine(void *arg)
{
	void *mine = wt_alloc(1);

	(void)mine;
	wt_free(arg);
}

static void resize_what_is_not_mine(void *arg)
{
	wt_free(wt_realloc(arg, 1000));
}

static int main_free_elsewhere(void)
{
	run_on_new_thread(free_what_is_not_mine, wt_alloc(10));
	return 0;
}

static int main_resize_elsewhere(void)
{
	run_on_new_thread(resize_what_is_not_mine, wt_alloc(10));
	return 0;
}

static void assert_aborts(const char *program, const char *text)
{
	struct child_result result;

	child_run(program, &result);
	assert_int_equal(result.status, 128 + 6);
	assert_non_null(strstr(result.errors, text));
}

static void a_debug_build_aborts_where_a_block_is_not_of_the_thread(void **state)
{
	(void)state;
	assert_aborts("free_elsewhere", "wt_free: the block is not of this thread's heap");
	assert_aborts("resize_elsewhere", "wt_realloc: the block is not of this thread's heap");
}

#endif

static int main_nothing(void)
{
	return 0;
}

static const struct child_program programs[] = {
	{ "nothing", main_nothing },
#ifdef TEST_SCARCE
	{ "scarce", main_scarce },
#endif
#ifdef WTI_DEBUG
	{ "free_elsewhere", main_free_elsewhere },
	{ "resize_elsewhere", main_resize_elsewhere },
#endif
};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(the_backend_is_the_one_that_was_built),
		TEST(blocks_hold_what_is_written),
		TEST(nothing_is_a_block_too),
		TEST(a_string_is_copied),
		TEST(sizes_that_cannot_be_are_refused),
		TEST(accounts_are_exact_and_each_thread_has_its_own),
		TEST(accounts_of_other_versions_are_filled_as_far_as_known),
		TEST(the_limit_holds_for_one_huge_many_small_and_growing),
		TEST(the_least_limit_is_one_and_none_is_none),
		TEST(a_worker_at_its_limit_fails_and_its_creator_goes_on),
		TEST(a_heap_is_freed_whole_however_its_worker_ends),
		TEST(a_foreign_thread_s_heap_is_freed_at_its_end),
		TEST(exit_handlers_and_cleanups_still_have_the_heap),
		TEST(the_first_call_of_a_thread_survives_the_failure_of_each_allocation),
#ifdef WTI_JEMALLOC
		TEST(a_heap_without_an_arena_is_of_libc),
#endif
#ifdef TEST_SCARCE
		TEST(a_heap_that_begins_without_memory_aborts_nothing),
#endif
#ifdef WTI_DEBUG
		TEST(a_debug_build_aborts_where_a_block_is_not_of_the_thread),
#endif
	};
	int status = child_main(argc, argv, programs, sizeof programs / sizeof *programs);

	return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
