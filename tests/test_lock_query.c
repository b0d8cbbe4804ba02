/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <wt/lock.h>
#include <wt/loop.h>
#include <wt/thread.h>

#include "support/ports.h"
#include "support/support.h"

#define SHARED WT_LOCK_OPTIONS(.mode = WT_LOCK_SHARED)

static void ignore(wt_lock *lock, int result, void *arg)
{
	(void)lock;
	(void)result;
	(void)arg;
}

static wt_lock *ask_for(const char *name, const wt_lock_options *options)
{
	wt_lock *lock;

	assert_int_equal(wt_lock_request(&lock, name, strlen(name), options, ignore, NULL, WT_FOREVER), 0);
	return lock;
}

/* A snapshot as text: "name:E" for one that is held, "name:S?1" for one requested, of cycle 1. */
static const char *look(void)
{
	static char text[1024];
	wt_lock_snapshot *snapshot;
	size_t n = 0;

	assert_int_equal(wt_lock_query(&snapshot), 0);
	text[0] = '\0';
	for (size_t i = 0; i < wt_lock_snapshot_count(snapshot); i++) {
		const wt_lock_info *info = wt_lock_snapshot_at(snapshot, i);

		n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s:%s%s", i ? " " : "", (int)info->name_size,
				      (const char *)info->name, info->mode == WT_LOCK_SHARED ? "S" : "E",
				      info->pending ? "?" : "");
		if (info->cycle)
			n += (size_t)snprintf(text + n, sizeof text - n, "%u", info->cycle);
	}
	assert_null(wt_lock_snapshot_at(snapshot, wt_lock_snapshot_count(snapshot)));
	wt_lock_snapshot_destroy(snapshot);
	return text;
}

static void it_shows_who_holds_and_who_waits_in_order(void **state)
{
	wt_lock *locks[7];

	(void)state;
	assert_string_equal(look(), "");
	locks[0] = ask_for("b", NULL);
	locks[1] = ask_for("a", SHARED);
	locks[2] = ask_for("", NULL);
	locks[3] = ask_for("ab", NULL);
	locks[4] = ask_for("a", SHARED);
	assert_string_equal(look(), ":E a:S a:S ab:E b:E");
	wt_lock_release(locks[0]);
	locks[5] = ask_for("c", WT_LOCK_OPTIONS(.steal = true));
	locks[6] = ask_for("c", WT_LOCK_OPTIONS(.steal = true));
	assert_string_equal(look(), ":E a:S a:S ab:E c:E");
	for (int i = 1; i < 7; i++)
		wt_lock_release(locks[i]);
	assert_string_equal(look(), "");
	assert_false(wt_loop_alive());
}

struct line {
	wt_lock *locks[3];
	uint64_t id;
	int errors;
};

static void stand_in_line(void *arg)
{
	struct line *line = arg;

	line->id = wt_thread_id();
	line->errors = wt_lock_request(&line->locks[0], "a", 1, NULL, ignore, NULL, WT_FOREVER) |
		       wt_lock_request(&line->locks[1], "a", 1, SHARED, ignore, NULL, WT_FOREVER) |
		       wt_lock_request(&line->locks[2], "b", 1, SHARED, ignore, NULL, WT_FOREVER);
}

static void leave_line(void *arg)
{
	struct line *line = arg;

	for (int i = 0; i < 3; i++)
		wt_lock_release(line->locks[i]);
}

static void it_tells_whose_they_are(void **state)
{
	wt_lock *lock = ask_for("a", NULL);
	wt_lock_snapshot *snapshot;
	struct other other;
	struct line line;

	(void)state;
	other_start(&other);
	other_run(&other, stand_in_line, &line);
	assert_int_equal(line.errors, 0);
	/* Its second request waits for its first: by callbacks, so it can take one back, but it is a cycle. */
	assert_string_equal(look(), "a:E a:E?1 a:S?1 b:S");
	assert_int_equal(wt_lock_query(&snapshot), 0);
	assert_int_equal(wt_lock_snapshot_at(snapshot, 0)->thread_id, 0);
	for (size_t i = 1; i < 4; i++)
		assert_true(wt_lock_snapshot_at(snapshot, i)->thread_id == line.id);
	/* What is in it stays as it was. */
	other_run(&other, leave_line, &line);
	other_end(&other);
	wt_lock_release(lock);
	assert_int_equal(wt_lock_snapshot_count(snapshot), 4);
	assert_memory_equal(wt_lock_snapshot_at(snapshot, 3)->name, "b", 1);
	wt_lock_snapshot_destroy(snapshot);
	assert_string_equal(look(), "");
}

/* ---- Threads that wait for each other ---- */

struct crossing {
	const char *first, *second;
	struct latch taken, go;
	int result;
};

static void take_both(void *arg)
{
	struct crossing *c = arg;
	wt_lock *first, *second = NULL;

	c->result = wt_lock_acquire(&first, c->first, 1, NULL, WT_FOREVER);
	latch_open(&c->taken);
	latch_await(&c->go);
	if (!c->result)
		c->result = wt_lock_acquire(&second, c->second, 1, NULL, WT_FOREVER);
	wt_lock_release(second);
	wt_lock_release(first);
}

static bool both_wait(void *arg)
{
	return strcmp(look(), arg) == 0;
}

/* Both are blocked; the query says which, and a theft ends it. */
static void a_cycle_of_waiting_threads_is_reported(void **state)
{
	static char deadlock[] = "x:E1 x:E?1 y:E1 y:E?1 z:E";
	struct crossing crossings[2] = { { .first = "x", .second = "y" }, { .first = "y", .second = "x" } };
	wt_lock *bystander = ask_for("z", NULL), *thief;
	struct other others[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		other_start(&others[i]);
		other_begin(&others[i], take_both, &crossings[i]);
		assert_true(latch_await(&crossings[i].taken));
	}
	assert_string_equal(look(), "x:E y:E z:E");
	for (int i = 0; i < 2; i++)
		latch_open(&crossings[i].go);
	assert_true(await(both_wait, deadlock));
	thief = ask_for("x", WT_LOCK_OPTIONS(.steal = true));
	wt_lock_release(thief);
	for (int i = 0; i < 2; i++) {
		other_wait(&others[i]);
		assert_int_equal(crossings[i].result, 0);
		other_end(&others[i]);
	}
	assert_string_equal(look(), "z:E");
	wt_lock_release(bystander);
}

/* ---- Size, exhaustion, misuse ---- */

/* More than the first pass has room for, by number or by the length of names. */
static void any_number_of_any_length_is_shown(void **state)
{
	enum { MANY = 500, LONG = 5000 };
	static wt_lock *locks[MANY];
	static char name[LONG];
	wt_lock_snapshot *snapshot;

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		size_t size = (size_t)snprintf(name, sizeof name, "%03u", i);

		assert_int_equal(wt_lock_acquire(&locks[i], name, size, NULL, WT_NOW), 0);
	}
	assert_int_equal(wt_lock_query(&snapshot), 0);
	assert_int_equal(wt_lock_snapshot_count(snapshot), MANY);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "%03u", i);
		assert_memory_equal(wt_lock_snapshot_at(snapshot, i)->name, name, 3);
		wt_lock_release(locks[i]);
	}
	wt_lock_snapshot_destroy(snapshot);
	memset(name, 'n', sizeof name);
	assert_int_equal(wt_lock_acquire(&locks[0], name, sizeof name, NULL, WT_NOW), 0);
	assert_int_equal(wt_lock_query(&snapshot), 0);
	assert_int_equal(wt_lock_snapshot_at(snapshot, 0)->name_size, sizeof name);
	assert_memory_equal(wt_lock_snapshot_at(snapshot, 0)->name, name, sizeof name);
	wt_lock_snapshot_destroy(snapshot);
	wt_lock_release(locks[0]);
}

/* [P1] */
static void without_memory_there_is_no_snapshot(void **state)
{
	wt_lock *locks[50];
	wt_lock_snapshot *snapshot;
	unsigned long n = 0;
	int err = WT_ENOMEM;

	(void)state;
	for (int i = 0; i < 50; i++)
		locks[i] = ask_for("a", NULL);
	while (err == WT_ENOMEM) {
		support_fail_allocations(++n, 1);
		err = wt_lock_query(&snapshot);
		support_fail_allocations(0, 0);
		assert_true((err == 0) == (snapshot != NULL));
	}
	assert_int_equal(err, 0);
	assert_int_equal(n, 4); /* two passes, and the search for cycles */
	assert_int_equal(wt_lock_snapshot_count(snapshot), 50);
	wt_lock_snapshot_destroy(snapshot);
	for (int i = 0; i < 50; i++)
		wt_lock_release(locks[i]);
	assert_false(wt_loop_alive());
}

static void bad_input_is_refused(void **state)
{
	(void)state;
	assert_int_equal(wt_lock_query(NULL), WT_EINVAL);
	assert_int_equal(wt_lock_snapshot_count(NULL), 0);
	assert_null(wt_lock_snapshot_at(NULL, 0));
	wt_lock_snapshot_destroy(NULL);
}

/* ---- While others come and go ---- */

struct churn {
	struct verdict verdict;
	atomic_bool stop;
};

static void *churn_run(void *arg)
{
	struct churn *churn = arg;

	while (!atomic_load(&churn->stop)) {
		wt_lock *locks[20];

		for (uint32_t i = 0; i < 20; i++)
			CHECK(&churn->verdict, wt_lock_request(&locks[i], &(uint32_t){ i % 7 }, sizeof i, SHARED,
							       ignore, NULL, WT_FOREVER) == 0);
		for (uint32_t i = 0; i < 20; i++)
			wt_lock_release(locks[i]);
	}
	return NULL;
}

static void it_is_whole_while_others_come_and_go(void **state)
{
	struct churn churn = { .stop = false };
	pthread_t threads[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, churn_run, &churn), 0);
	for (unsigned i = 0; i < 2000 / support_slowdown(); i++) {
		wt_lock_snapshot *snapshot;

		assert_int_equal(wt_lock_query(&snapshot), 0);
		assert_true(wt_lock_snapshot_count(snapshot) <= 60);
		for (size_t j = 0; j < wt_lock_snapshot_count(snapshot); j++) {
			const wt_lock_info *info = wt_lock_snapshot_at(snapshot, j);

			assert_int_equal(info->name_size, sizeof(uint32_t));
			assert_int_equal(info->mode, WT_LOCK_SHARED);
			assert_false(info->pending);
			assert_int_equal(info->cycle, 0);
		}
		wt_lock_snapshot_destroy(snapshot);
	}
	atomic_store(&churn.stop, true);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_verdict(&churn.verdict);
	assert_string_equal(look(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_shows_who_holds_and_who_waits_in_order),
		TEST(it_tells_whose_they_are),
		TEST(a_cycle_of_waiting_threads_is_reported),
		TEST(any_number_of_any_length_is_shown),
		TEST(without_memory_there_is_no_snapshot),
		TEST(bad_input_is_refused),
		TEST(it_is_whole_while_others_come_and_go),
	};

	return cmocka_run_group_tests_name("lock_query", tests, NULL, NULL);
}
