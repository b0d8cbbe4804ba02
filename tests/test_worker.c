/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <wt.h>

#include "os.h"
#include "seam.h"
#include "support/support.h"

/* ---- Programs of workers ---- */

static int entry_nothing(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return 0;
}

static int entry_return(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	return size == sizeof(int) ? *(const int *)data : -1;
}

/* Waits for a message, or for its end. */
static int entry_receive(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	(void)data;
	(void)size;
	return wt_port_receive(parent, &message, WT_FOREVER);
}

/* Deaf to everything but the gate: a worker that does not end when it is told to. */
struct gate {
	struct latch running, release, left;
	struct verdict verdict;
};

static int entry_gate(wt_port *parent, const void *data, size_t size)
{
	struct gate *gate = *(struct gate *const *)data;

	(void)parent;
	(void)size;
	latch_open(&gate->running);
	CHECK(&gate->verdict, latch_await(&gate->release));
	latch_open(&gate->left);
	return 7;
}

static void start_gate(wt_worker **worker, struct gate *gate, const wt_worker_options *options)
{
	assert_int_equal(wt_worker_create(worker, entry_gate, &gate, sizeof gate, options), 0);
	assert_true(latch_await(&gate->running));
}

static int join(wt_worker *worker)
{
	int code = -1000;

	assert_int_equal(wt_worker_join(worker, &code, wt_after_ms(20000)), 0);
	return code;
}

static bool nothing_allocated(void *arg)
{
	(void)arg;
	return atomic_load(&support_counts.bytes) == 0;
}

/* ---- Create ---- */

static void create_refuses_what_is_invalid(void **state)
{
	wt_worker *worker = (wt_worker *)&worker;

	(void)state;
	assert_int_equal(wt_worker_create(NULL, entry_nothing, NULL, 0, NULL), WT_EINVAL);
	assert_int_equal(wt_worker_create(&worker, NULL, NULL, 0, NULL), WT_EINVAL);
	assert_null(worker);
	worker = (wt_worker *)&worker;
	assert_int_equal(wt_worker_create(&worker, entry_nothing, NULL, 1, NULL), WT_EINVAL);
	assert_null(worker);
	worker = (wt_worker *)&worker;
	assert_int_equal(wt_worker_create(&worker, entry_nothing, "", SIZE_MAX, NULL), WT_EOVERFLOW);
	assert_null(worker);
}

static void create_refuses_options_that_are_invalid(void **state)
{
	struct later {
		wt_worker_options options;
		uint64_t field;
	} later = { .options = { .size = sizeof later }, .field = 1 };
	const struct {
		const wt_worker_options *options;
		int error;
	} cases[] = {
		{ WT_WORKER_OPTIONS(.destroy_timeout = -1), WT_EINVAL },
		{ WT_WORKER_OPTIONS(.destroy_timeout = INT64_MIN), WT_EINVAL },
		{ WT_WORKER_OPTIONS(.isolation = WT_PROCESS), WT_ENOTSUP },
		{ WT_WORKER_OPTIONS(.isolation = 2), WT_EINVAL },
		{ WT_WORKER_OPTIONS(.isolation = -1), WT_EINVAL },
		{ WT_WORKER_OPTIONS(.cpu = -1), WT_EINVAL },
		{ WT_WORKER_OPTIONS(.nice = 20), WT_EINVAL },
		{ WT_WORKER_OPTIONS(.nice = -21), WT_EINVAL },
		{ WT_WORKER_OPTIONS(.stack_size = 1), WT_EINVAL },
		{ WT_WORKER_OPTIONS(.stack_size = (size_t)PTHREAD_STACK_MIN - 1), WT_EINVAL },
		{ WT_WORKER_OPTIONS(.stack_size = SIZE_MAX), WT_EOVERFLOW },
		{ &(wt_worker_options){ .size = 0 }, WT_EINVAL },
		{ &later.options, WT_E2BIG },
		{ WT_WORKER_OPTIONS(.channel = &(wt_channel_options){ .size = 0 }), WT_EINVAL },
		{ WT_WORKER_OPTIONS(.channel = WT_CHANNEL_OPTIONS(.capacity = SIZE_MAX)), WT_EOVERFLOW },
		{ WT_WORKER_OPTIONS(.channel = WT_CHANNEL_OPTIONS(.limit = SIZE_MAX)), WT_EOVERFLOW },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		wt_worker *worker = (wt_worker *)&worker;
		int err = wt_worker_create(&worker, entry_nothing, NULL, 0, cases[i].options);

		if (err != cases[i].error)
			fail_msg("case %zu: %s", i, wt_strerror(err));
		assert_null(worker);
	}
}

static void options_of_a_later_version_pass_while_unknown_fields_are_zero(void **state)
{
	struct {
		wt_worker_options options;
		uint64_t field;
	} later = { .options = { .size = sizeof later } };
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_nothing, NULL, 0, &later.options), 0);
	assert_int_equal(join(worker), 0);
	wt_worker_destroy(worker);
}

/* A stack of 64 TiB passes every check but the system's. */
static void create_reports_a_stack_that_the_system_refuses(void **state)
{
	unsigned threads = support_threads();
	wt_worker *worker;
	int err;

	(void)state;
	err = wt_worker_create(&worker, entry_nothing, NULL, 0, WT_WORKER_OPTIONS(.stack_size = (size_t)1 << 47));
	assert_true(err == WT_EAGAIN || err == WT_ENOMEM || err == WT_EINVAL); /* the last under valgrind */
	assert_null(worker);
	assert_threads(threads);
}

static int entry_uses_stack(wt_port *parent, const void *data, size_t size)
{
	volatile char room[65536];

	(void)parent;
	(void)size;
	memset((char *)room, 1, sizeof room);
	if (*(const size_t *)data) {
		pthread_attr_t attr;
		size_t stack = 0;

		if (pthread_getattr_np(pthread_self(), &attr))
			return -1;
		pthread_attr_getstacksize(&attr, &stack);
		pthread_attr_destroy(&attr);
		if (stack < *(const size_t *)data)
			return 2;
	}
	return room[100];
}

static void stack_size_is_rounded_up(void **state)
{
	static const size_t sizes[] = { 0, 1234567, (size_t)8 << 20, ((size_t)1 << 20) + 1 };

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		wt_worker *worker;

		assert_int_equal(wt_worker_create(&worker, entry_uses_stack, &sizes[i], sizeof sizes[i],
						  WT_WORKER_OPTIONS(.stack_size = sizes[i])),
				 0);
		assert_int_equal(join(worker), 1);
		wt_worker_destroy(worker);
	}
}

struct names {
	char library[512], system[32];
};

static int entry_names(wt_port *parent, const void *data, size_t size)
{
	struct names *names = *(struct names *const *)data;

	(void)parent;
	(void)size;
	snprintf(names->library, sizeof names->library, "%s", wt_thread_name());
	pthread_getname_np(pthread_self(), names->system, sizeof names->system);
	return 0;
}

static void assert_name(const char *given, const char *expected)
{
	struct names names = { "", "" }, *at = &names;
	wt_worker *worker;
	char buffer[512] = "", creator[512], system[16] = "";

	if (given)
		snprintf(buffer, sizeof buffer, "%s", given);
	assert_int_equal(wt_worker_create(&worker, entry_names, &at, sizeof at,
					  WT_WORKER_OPTIONS(.name = given ? buffer : NULL)),
			 0);
	memset(buffer, '!', sizeof buffer - 1); /* it was copied */
	if (!expected) {
		snprintf(buffer, sizeof buffer, "worker-%llu", (unsigned long long)wt_worker_id(worker));
		expected = buffer;
	}
	snprintf(creator, sizeof creator, "%s", wt_worker_name(worker));
	assert_int_equal(join(worker), 0);
	wt_worker_destroy(worker);
	memcpy(system, expected, strnlen(expected, 15));
	assert_string_equal(creator, expected);
	assert_string_equal(names.library, expected);
	assert_string_equal(names.system, system);
}

static void name_is_copied_and_shown_by_the_system(void **state)
{
	(void)state;
	assert_name(NULL, NULL);
	assert_name("fib", "fib");
	assert_name("", "");
	assert_name("exactly-fifteen", "exactly-fifteen");
	assert_name("more than fifteen bytes", "more than fifteen bytes");
}

static void a_long_name_is_kept_whole(void **state)
{
	char name[301];

	(void)state;
	for (size_t i = 0; i < sizeof name - 1; i++)
		name[i] = (char)('a' + i % 26);
	name[sizeof name - 1] = '\0';
	name[63] = '\0';
	assert_name(name, name);
	name[63] = 'l';
	name[64] = '\0';
	assert_name(name, name);
	name[64] = 'm';
	assert_name(name, name);
}

static int entry_floods(wt_port *parent, const void *data, size_t size)
{
	int n = 0;

	(void)data;
	(void)size;
	while (n < 100000 && wt_port_post(parent, &n, sizeof n) == 0)
		n++;
	return n;
}

static void channel_options_pass_through(void **state)
{
	static const char large[4096];
	wt_worker *worker;
	int posted = 0, err;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_floods, NULL, 0,
					  WT_WORKER_OPTIONS(.channel = WT_CHANNEL_OPTIONS(.limit = 1024))),
			 0);
	assert_in_range(join(worker), 1, 1024);
	wt_worker_destroy(worker);
	assert_int_equal(wt_worker_create(&worker, entry_receive, NULL, 0,
					  WT_WORKER_OPTIONS(.channel = WT_CHANNEL_OPTIONS(.limit = 1024))),
			 0);
	assert_int_equal(wt_worker_post(worker, large, sizeof large), WT_EMSGSIZE);
	assert_int_equal(wt_worker_post(worker, NULL, 0), 0);
	assert_int_equal(join(worker), 0);
	while ((err = wt_worker_post(worker, large, 64)) == 0)
		assert_in_range(++posted, 0, 1024);
	assert_true(err == WT_ECLOSED);
	wt_worker_destroy(worker);
}

struct data_seen {
	char copy[100];
	const void *address;
	size_t size, size_asked;
	bool same, aligned;
	struct latch go;
	struct verdict verdict;
};

static struct data_seen data_seen;

static int entry_data(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	CHECK(&data_seen.verdict, latch_await(&data_seen.go));
	data_seen.address = data;
	data_seen.size = size;
	data_seen.same = wt_worker_data(&data_seen.size_asked) == data && wt_worker_data(NULL) == data;
	data_seen.aligned = (uintptr_t)data % _Alignof(max_align_t) == 0;
	if (data)
		memcpy(data_seen.copy, data, size);
	return 0;
}

static void assert_data(const char *data, size_t size, const wt_worker_options *options)
{
	char given[100];
	wt_worker *worker;

	memset(&data_seen, 0, sizeof data_seen);
	if (data)
		memcpy(given, data, size);
	assert_int_equal(wt_worker_create(&worker, entry_data, data ? given : NULL, size, options), 0);
	memset(given, '!', sizeof given);
	latch_open(&data_seen.go);
	assert_int_equal(join(worker), 0);
	assert_verdict(&data_seen.verdict);
	assert_int_equal(data_seen.size, size);
	assert_int_equal(data_seen.size_asked, size);
	assert_true(data_seen.same);
	if (size) {
		assert_true(data_seen.aligned);
		assert_memory_equal(data_seen.copy, data, size);
		assert_ptr_not_equal(data_seen.address, given);
	} else {
		assert_null(data_seen.address);
	}
	wt_worker_destroy(worker);
}

static void worker_data_is_a_copy(void **state)
{
	(void)state;
	assert_data(NULL, 0, NULL);
	assert_data("", 0, NULL);
	assert_data("x", 1, NULL);
	assert_data("worker data of forty-two bytes, all of them", 42, NULL);
}

/* It lies behind these in the worker's block. */
static void worker_data_is_aligned_whatever_comes_along(void **state)
{
	char *argv[] = { "program", "argument" };
	wt_transfer list[3];
	wt_shared *shared;

	(void)state;
	assert_int_equal(wt_shared_create(&shared, 8, 0), 0);
	for (size_t i = 0; i < 3; i++) {
		list[i] = WT_SHARE(shared);
		assert_data("data", 4, WT_WORKER_OPTIONS(.transfer = list, .transfer_count = i + 1));
		assert_data("data", 4, WT_WORKER_OPTIONS(.transfer = list, .transfer_count = i + 1, .argc = 2,
							 .argv = argv));
	}
	wt_shared_release(shared);
}

static void null_is_answered_and_ignored(void **state)
{
	wt_failure failure;

	(void)state;
	wt_worker_destroy(NULL);
	assert_int_equal(wt_worker_post(NULL, "x", 1), WT_EINVAL);
	assert_int_equal(wt_worker_join(NULL, NULL, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_worker_terminate(NULL, WT_NOW), WT_EINVAL);
	assert_int_equal(wt_worker_failure(NULL, &failure), WT_EINVAL);
	assert_null(wt_worker_port(NULL));
	assert_int_equal(wt_worker_id(NULL), 0);
	assert_string_equal(wt_worker_name(NULL), "");
	assert_false(wt_worker_has_ref(NULL));
	wt_worker_ref(NULL);
	wt_worker_unref(NULL);
	wt_worker_on_online(NULL, NULL, NULL);
	wt_worker_on_message(NULL, NULL, NULL);
	wt_worker_on_message_error(NULL, NULL, NULL);
	wt_worker_on_error(NULL, NULL, NULL);
	wt_worker_on_exit(NULL, NULL, NULL);
	wt_worker_options_init(NULL);
}

static void options_init_is_all_defaults(void **state)
{
	wt_worker_options options;
	wt_worker *worker;

	(void)state;
	memset(&options, 0x55, sizeof options);
	wt_worker_options_init(&options);
	assert_int_equal(options.size, sizeof options);
	assert_null(options.name);
	assert_null(options.channel);
	assert_int_equal(options.stack_size, 0);
	assert_int_equal(options.destroy_timeout, 0);
	assert_int_equal(options.isolation, WT_THREAD);
	assert_int_equal(options.heap_limit, 0);
	assert_int_equal(options.cpu, 0);
	assert_int_equal(options.nice, 0);
	assert_int_equal(wt_worker_create(&worker, entry_nothing, NULL, 0, &options), 0);
	assert_int_equal(join(worker), 0);
	wt_worker_destroy(worker);
}

/* What failed leaves nothing: no memory, no thread, no descriptor, no liveness. */
static void create_survives_the_failure_of_each_allocation(void **state)
{
	unsigned threads, fds = support_open_fds();
	unsigned long n = 0;
	wt_worker *worker;
	int err;

	(void)state;
	support_count();
	wt_thread_id();
	threads = support_threads();
	do {
		long before = atomic_load(&support_counts.bytes);

		support_fail_allocations(++n, 0);
		err = wt_worker_create(&worker, entry_nothing, "data", 4, WT_WORKER_OPTIONS(.name = "unlucky"));
		support_fail_allocations(0, 0);
		if (err) {
			assert_int_equal(err, WT_ENOMEM);
			assert_null(worker);
			assert_int_equal(atomic_load(&support_counts.bytes), before);
			assert_false(wt_loop_alive());
		}
		assert_in_range(n, 1, 100);
	} while (err);
	assert_in_range(n, 3, 100); /* worker, channel, and it worked */
	assert_int_equal(join(worker), 0);
	wt_worker_destroy(worker);
	assert_threads(threads);
	assert_int_equal(support_open_fds(), fds);
}

static void *create_on_a_new_thread(void *arg)
{
	struct verdict *verdict = arg;
	wt_worker *worker = NULL;
	int err = WT_ENOMEM;

	for (unsigned long n = 1; err && n < 100; n++) {
		support_fail_allocations(n, 1);
		err = wt_worker_create(&worker, entry_nothing, NULL, 0, NULL);
		support_fail_allocations(0, 0);
		CHECK(verdict, err == 0 || (err == WT_ENOMEM && !worker));
	}
	CHECK(verdict, err == 0);
	CHECK(verdict, wt_worker_join(worker, NULL, WT_FOREVER) == 0);
	wt_worker_destroy(worker);
	return NULL;
}

static void create_as_the_first_call_of_a_thread_survives_it_too(void **state)
{
	struct verdict verdict = { 0 };
	pthread_t thread;

	(void)state;
	support_count();
	assert_int_equal(pthread_create(&thread, NULL, create_on_a_new_thread, &verdict), 0);
	pthread_join(thread, NULL);
	assert_verdict(&verdict);
	assert_true(await(nothing_allocated, NULL));
}

static void create_without_threads_left_leaves_nothing(void **state)
{
	unsigned threads = support_threads();
	wt_worker *worker = (wt_worker *)&worker;
	long before;

	(void)state;
	support_count();
	wt_thread_id();
	before = atomic_load(&support_counts.bytes);
	support_fail_os(SUPPORT_THREAD_CREATE, EAGAIN);
	assert_int_equal(wt_worker_create(&worker, entry_nothing, "data", 4, NULL), WT_EAGAIN);
	assert_null(worker);
	assert_int_equal(atomic_load(&support_counts.bytes), before);
	assert_false(wt_loop_alive());
	assert_int_equal(wt_run(), 0);
	assert_threads(threads);
	support_restore_os();
	assert_int_equal(wt_worker_create(&worker, entry_nothing, "data", 4, NULL), 0);
	assert_int_equal(join(worker), 0);
	wt_worker_destroy(worker);
}

/* ---- Join ---- */

static void join_reads_the_code_as_often_as_it_is_asked(void **state)
{
	int code = 42;
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_return, &code, sizeof code, NULL), 0);
	assert_int_equal(join(worker), 42);
	assert_int_equal(join(worker), 42);
	assert_int_equal(wt_worker_join(worker, NULL, WT_NOW), 0);
	code = 0;
	assert_int_equal(wt_worker_join(worker, &code, WT_NOW), 0);
	assert_int_equal(code, 42);
	assert_int_equal(wt_worker_join(worker, NULL, -1), WT_EINVAL);
	wt_worker_destroy(worker);
}

static void join_waits_no_longer_than_told(void **state)
{
	struct gate gate = { 0 };
	wt_worker *worker;
	wt_time deadline;
	int code = 5;

	(void)state;
	start_gate(&worker, &gate, NULL);
	assert_int_equal(wt_worker_join(worker, &code, WT_NOW), WT_EAGAIN);
	deadline = wt_after_ms(20);
	assert_int_equal(wt_worker_join(worker, &code, deadline), WT_ETIMEDOUT);
	assert_true(wt_now() >= deadline);
	assert_int_equal(wt_worker_join(worker, &code, 1), WT_ETIMEDOUT);
	assert_int_equal(code, 5);
	latch_open(&gate.release);
	assert_int_equal(join(worker), 7);
	assert_verdict(&gate.verdict);
	wt_worker_destroy(worker);
}

struct joiner {
	pthread_t thread;
	wt_worker *worker;
	int err, code;
	uint64_t id;
	struct latch started;
};

static void *joiner_run(void *arg)
{
	struct joiner *joiner = arg;

	joiner->id = wt_worker_id(joiner->worker);
	latch_open(&joiner->started);
	joiner->err = wt_worker_join(joiner->worker, &joiner->code, WT_FOREVER);
	return NULL;
}

static void every_thread_may_join(void **state)
{
	struct gate gate = { 0 };
	struct joiner joiners[4] = { { 0 } };
	wt_worker *worker;

	(void)state;
	start_gate(&worker, &gate, NULL);
	for (size_t i = 0; i < 4; i++) {
		joiners[i].worker = worker;
		assert_int_equal(pthread_create(&joiners[i].thread, NULL, joiner_run, &joiners[i]), 0);
	}
	for (size_t i = 0; i < 4; i++)
		assert_true(latch_await(&joiners[i].started));
	latch_open(&gate.release);
	assert_int_equal(join(worker), 7);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(joiners[i].thread, NULL);
		assert_int_equal(joiners[i].err, 0);
		assert_int_equal(joiners[i].code, 7);
		assert_true(joiners[i].id == wt_worker_id(worker));
	}
	wt_worker_destroy(worker);
}

struct self {
	wt_worker *worker;
	int join_now, join_forever, terminate;
	bool terminating_before, terminating_after;
	struct latch go;
	struct verdict verdict;
};

static int entry_joins_itself(wt_port *parent, const void *data, size_t size)
{
	struct self *self = *(struct self *const *)data;

	(void)parent;
	(void)size;
	CHECK(&self->verdict, latch_await(&self->go));
	self->join_now = wt_worker_join(self->worker, NULL, WT_NOW);
	self->join_forever = wt_worker_join(self->worker, NULL, WT_FOREVER);
	return 3;
}

static void joining_oneself_is_a_deadlock(void **state)
{
	struct self self = { 0 }, *at = &self;

	(void)state;
	assert_int_equal(wt_worker_create(&self.worker, entry_joins_itself, &at, sizeof at, NULL), 0);
	latch_open(&self.go);
	assert_int_equal(join(self.worker), 3);
	assert_verdict(&self.verdict);
	assert_int_equal(self.join_now, WT_EDEADLK);
	assert_int_equal(self.join_forever, WT_EDEADLK);
	wt_worker_destroy(self.worker);
}

/* ---- Terminate ---- */

static void terminate_is_idempotent(void **state)
{
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_receive, NULL, 0, NULL), 0);
	assert_int_equal(wt_worker_terminate(worker, -1), WT_EINVAL);
	assert_int_equal(wt_worker_terminate(worker, WT_FOREVER), 0);
	assert_int_equal(wt_worker_terminate(worker, WT_FOREVER), 0);
	assert_int_equal(wt_worker_terminate(worker, WT_NOW), 0);
	assert_int_equal(join(worker), 1);
	wt_worker_destroy(worker);
}

static void terminate_of_a_worker_that_has_ended_changes_nothing(void **state)
{
	int code = 9;
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_return, &code, sizeof code, NULL), 0);
	assert_int_equal(join(worker), 9);
	assert_int_equal(wt_worker_terminate(worker, WT_FOREVER), 0);
	assert_int_equal(join(worker), 9);
	wt_worker_destroy(worker);
}

static void terminate_that_times_out_loses_nothing(void **state)
{
	struct gate gate = { 0 };
	wt_worker *worker;

	(void)state;
	start_gate(&worker, &gate, NULL);
	assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(1)), WT_ETIMEDOUT);
	assert_int_equal(wt_worker_terminate(worker, WT_NOW), WT_EAGAIN);
	assert_false(wti_worker_is_zombie(worker));
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(5)), WT_ETIMEDOUT);
	assert_true(wti_worker_is_zombie(worker));
	latch_open(&gate.release);
	assert_int_equal(join(worker), 1);
	assert_false(wti_worker_is_zombie(worker));
	wt_worker_destroy(worker);
}

static void count_exit(wt_worker *worker, int code, void *arg)
{
	(void)worker;
	*(int *)arg += code;
}

/* [W1] */
static void a_zombie_that_ends_after_all_has_one_exit(void **state)
{
	struct gate gate = { 0 };
	wt_worker *worker;
	int exits = 0;

	(void)state;
	start_gate(&worker, &gate, NULL);
	wt_worker_on_exit(worker, count_exit, &exits);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(wt_worker_terminate(worker, wt_after_ms(1)), WT_ETIMEDOUT);
		assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	}
	latch_open(&gate.release);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(exits, 1);
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(1)), 0);
	wt_worker_destroy(worker);
	assert_int_equal(exits, 1);
}

static void *terminate_run(void *arg)
{
	return (void *)(intptr_t)wt_worker_terminate(arg, WT_FOREVER);
}

static void every_thread_may_terminate(void **state)
{
	wt_worker *worker;
	pthread_t threads[4];

	(void)state;
	for (int round = 0; round < 50; round++) {
		assert_int_equal(wt_worker_create(&worker, entry_receive, NULL, 0, NULL), 0);
		for (size_t i = 0; i < 4; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, terminate_run, worker), 0);
		for (size_t i = 0; i < 4; i++) {
			void *result;

			pthread_join(threads[i], &result);
			assert_null(result);
		}
		assert_int_equal(join(worker), 1);
		wt_worker_destroy(worker);
	}
}

static int entry_terminates_itself(wt_port *parent, const void *data, size_t size)
{
	struct self *self = *(struct self *const *)data;
	wt_message message;

	(void)size;
	CHECK(&self->verdict, latch_await(&self->go));
	self->terminating_before = wt_terminating();
	self->terminate = wt_worker_terminate(self->worker, WT_FOREVER);
	self->terminating_after = wt_terminating();
	CHECK(&self->verdict, wt_port_post(parent, "x", 1) == 0);
	CHECK(&self->verdict, wt_port_receive(parent, &message, WT_FOREVER) == WT_ETERMINATED);
	wt_checkpoint();
	CHECK(&self->verdict, false);
	return 0;
}

static void terminate_from_inside_ends_at_the_next_checkpoint(void **state)
{
	struct self self = { 0 }, *at = &self;
	wt_message message;

	(void)state;
	assert_int_equal(wt_worker_create(&self.worker, entry_terminates_itself, &at, sizeof at, NULL), 0);
	latch_open(&self.go);
	assert_int_equal(join(self.worker), 1);
	assert_verdict(&self.verdict);
	assert_false(self.terminating_before);
	assert_true(self.terminating_after);
	assert_int_equal(self.terminate, 0);
	assert_int_equal(wt_port_receive(wt_worker_port(self.worker), &message, WT_NOW), 0);
	wt_worker_destroy(self.worker);
}

static atomic_int entries;

static int entry_counts(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	atomic_fetch_add(&entries, 1);
	return 0;
}

/* A thread that starts late is one that was told to end before it began. */
static struct latch start_late;
static const struct wti_os_ops *start_os;
static void *(*start_fn)(void *arg);

static void *start_when_told(void *arg)
{
	latch_await(&start_late);
	return start_fn(arg);
}

static int start_thread_create(pthread_t *thread, size_t stack_size, void *(*fn)(void *), void *arg)
{
	start_fn = fn;
	return start_os->thread_create(thread, stack_size, start_when_told, arg);
}

/* [W3] */
static void terminate_before_the_start_keeps_the_entry_from_running(void **state)
{
	struct wti_os_ops late = *wti_os;
	wt_worker *worker;

	(void)state;
	atomic_store(&start_late.open, 0);
	atomic_store(&entries, 0);
	start_os = wti_os;
	late.thread_create = start_thread_create;
	wti_os = &late;
	assert_int_equal(wt_worker_create(&worker, entry_counts, NULL, 0, NULL), 0);
	wti_os = start_os;
	assert_int_equal(wt_worker_terminate(worker, WT_NOW), WT_EAGAIN);
	latch_open(&start_late);
	assert_int_equal(join(worker), 1);
	assert_int_equal(atomic_load(&entries), 0);
	wt_worker_destroy(worker);
}

/* Hold a worker between its last line and its end. */
static struct gate ending;

static void hold_ending(enum wti_yield_point point, void *object)
{
	(void)object;
	if (point != WTI_YIELD_ENDING)
		return;
	latch_open(&ending.running);
	CHECK(&ending.verdict, latch_await(&ending.release));
}

static void note(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

static int entry_with_exit_handler(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)size;
	return wt_on_exit(note, *(void *const *)data) == 0 ? 11 : -1;
}

/* [W3] */
static void terminate_during_the_end_comes_too_late(void **state)
{
	atomic_int ran = 0, *at = &ran;
	wt_worker *worker;

	(void)state;
	memset(&ending, 0, sizeof ending);
	wti_yield_hook = hold_ending;
	assert_int_equal(wt_worker_create(&worker, entry_with_exit_handler, &at, sizeof at, NULL), 0);
	assert_true(latch_await(&ending.running));
	assert_int_equal(wt_worker_terminate(worker, WT_NOW), WT_EAGAIN);
	latch_open(&ending.release);
	assert_int_equal(join(worker), 11);
	wti_yield_hook = NULL;
	assert_verdict(&ending.verdict);
	assert_int_equal(ran, 1);
	wt_worker_destroy(worker);
}

/* ---- Destroy ---- */

static void destroy_ends_a_running_worker(void **state)
{
	unsigned threads = support_threads();
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_receive, NULL, 0, NULL), 0);
	assert_true(wt_loop_alive());
	wt_worker_destroy(worker);
	assert_false(wt_loop_alive());
	assert_threads(threads);
}

/* What the callbacks of one worker saw, and in which of them to destroy it. */
enum callback { ONLINE, MESSAGE, MESSAGE_ERROR, FAILURE, EXIT, CALLBACKS };

struct seen {
	enum callback destroy_in;
	unsigned calls[CALLBACKS];
	bool destroyed, late;
};

static void seen_note(struct seen *seen, enum callback which, wt_worker *worker)
{
	seen->calls[which]++;
	seen->late |= seen->destroyed;
	if (which != seen->destroy_in)
		return;
	wt_worker_destroy(worker);
	seen->destroyed = true;
}

static void seen_online(wt_worker *worker, void *arg)
{
	seen_note(arg, ONLINE, worker);
}

static void seen_message(wt_worker *worker, wt_message *message, void *arg)
{
	struct seen *seen = arg;

	seen_note(seen, MESSAGE, worker);
	/* The view lasts as long as the callback. */
	assert_int_equal(message->size, 5);
	assert_memory_equal(message->data, "still", 5);
}

static void seen_message_error(wt_worker *worker, int error, void *arg)
{
	assert_int_equal(error, WT_EUNDECODABLE);
	seen_note(arg, MESSAGE_ERROR, worker);
}

static void seen_failure(wt_worker *worker, const wt_failure *failure, void *arg)
{
	seen_note(arg, FAILURE, worker);
	assert_int_equal(failure->code, 17);
	assert_string_equal(failure->message, "reason");
}

static void seen_exit(wt_worker *worker, int code, void *arg)
{
	assert_int_equal(code, 1);
	seen_note(arg, EXIT, worker);
}

static void listen(wt_worker *worker, struct seen *seen)
{
	wt_worker_on_online(worker, seen_online, seen);
	wt_worker_on_message(worker, seen_message, seen);
	wt_worker_on_message_error(worker, seen_message_error, seen);
	wt_worker_on_error(worker, seen_failure, seen);
	wt_worker_on_exit(worker, seen_exit, seen);
}

static int entry_lives_and_fails(wt_port *parent, const void *data, size_t size)
{
	(void)data;
	(void)size;
	for (int i = 0; i < 4; i++)
		if (wt_port_post(parent, "still", 5))
			return -1;
	wt_fail(17, "reason");
}

static unsigned decoded;

static int every_second_fault(enum wti_fault_point point)
{
	return point == WTI_FAULT_DECODE && decoded++ % 2 ? WT_EUNDECODABLE : 0;
}

static void destroy_is_allowed_in_each_of_its_own_callbacks(void **state)
{
	unsigned threads = support_threads();

	(void)state;
	support_count();
	for (enum callback in = ONLINE; in < CALLBACKS; in++) {
		long before = atomic_load(&support_counts.bytes);
		struct seen seen = { .destroy_in = in };
		wt_worker *worker;

		decoded = 0;
		wti_fault_hook = every_second_fault;
		assert_int_equal(wt_worker_create(&worker, entry_lives_and_fails, NULL, 0, NULL), 0);
		listen(worker, &seen);
		if (in != ONLINE) /* all of it in one turn; in ONLINE the worker runs */
			assert_int_equal(join(worker), 1);
		assert_int_equal(wt_run(), 0);
		assert_true(seen.destroyed);
		assert_false(seen.late);
		for (enum callback which = ONLINE; which <= in; which++)
			assert_true(seen.calls[which] > 0);
		assert_int_equal(atomic_load(&support_counts.bytes), before);
	}
	assert_threads(threads);
}

static void destroy_again_within_the_callback_is_ignored_(wt_worker *worker, void *arg)
{
	wt_worker_destroy(worker);
	wt_worker_destroy(worker);
	wt_worker_on_exit(worker, seen_exit, arg);
	wt_worker_ref(worker);
	*(bool *)arg = wt_worker_has_ref(worker);
}

static void a_worker_destroyed_in_its_callback_takes_no_more_calls(void **state)
{
	bool has_ref = true;
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_receive, NULL, 0, NULL), 0);
	wt_worker_on_online(worker, destroy_again_within_the_callback_is_ignored_, &has_ref);
	assert_int_equal(wt_run(), 0);
	assert_false(has_ref);
}

static void destroy_port_message(wt_port *port, wt_message *message, void *arg)
{
	wt_worker **worker = arg;

	(void)port;
	wt_worker_destroy(*worker);
	*worker = NULL;
	assert_memory_equal(message->data, "still", 5);
}

static void destroy_is_allowed_in_a_handler_of_its_port(void **state)
{
	wt_worker *worker;

	(void)state;
	support_count();
	assert_int_equal(wt_worker_create(&worker, entry_lives_and_fails, NULL, 0, NULL), 0);
	wt_worker_on_error(worker, seen_failure, &(struct seen){ .destroy_in = CALLBACKS });
	assert_int_equal(join(worker), 1);
	assert_int_equal(wt_worker_failure(worker, &(wt_failure){ 0 }), 0);
	wt_port_on_message(wt_worker_port(worker), destroy_port_message, &worker);
	assert_int_equal(wt_run(), 0);
	assert_null(worker);
}

static void nobody_calls_after_destroy(void **state)
{
	struct seen seen = { .destroy_in = CALLBACKS };
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_receive, NULL, 0, NULL), 0);
	listen(worker, &seen);
	wt_worker_destroy(worker);
	assert_int_equal(wt_run(), 0);
	for (enum callback which = ONLINE; which < CALLBACKS; which++)
		assert_int_equal(seen.calls[which], 0);
}

static void *destroy_run(void *arg)
{
	wt_worker_on_exit(arg, seen_exit, NULL);
	wt_worker_unref(arg);
	wt_worker_destroy(arg);
	return (void *)(uintptr_t)wt_worker_has_ref(arg);
}

static void destroy_and_handlers_belong_to_the_creator(void **state)
{
	wt_worker *worker;
	pthread_t thread;
	void *has_ref;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_receive, NULL, 0, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, destroy_run, worker), 0);
	pthread_join(thread, &has_ref);
	assert_null(has_ref);
	assert_true(wt_worker_has_ref(worker));
	assert_int_equal(wt_worker_post(worker, NULL, 0), 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(join(worker), 0);
	wt_worker_destroy(worker);
}

static void destroy_leaves_a_zombie_that_frees_itself(void **state)
{
	struct gate gate = { 0 };
	unsigned threads = support_threads();
	struct seen seen = { .destroy_in = CALLBACKS };
	wt_time before, after;
	wt_worker *worker;
	long bytes;

	(void)state;
	support_count();
	wt_thread_id();
	bytes = atomic_load(&support_counts.bytes);
	start_gate(&worker, &gate, WT_WORKER_OPTIONS(.destroy_timeout = 30000000));
	listen(worker, &seen);
	before = wt_now();
	wt_worker_destroy(worker);
	after = wt_now();
	assert_true(after - before >= 30000000);
	assert_true(after - before < PROMPTLY);
	assert_false(latch_is_open(&gate.left));
	assert_false(wt_loop_alive());
	assert_true(atomic_load(&support_counts.bytes) > bytes);
	latch_open(&gate.release);
	assert_true(latch_await(&gate.left));
	assert_threads(threads);
	assert_verdict(&gate.verdict);
	assert_int_equal(atomic_load(&support_counts.bytes), bytes);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(seen.calls[EXIT], 0);
}

/* ---- What is left of a thread whose worker has ended ---- */

static struct gate key_gate;

static void key_destructor(void *value)
{
	wt_port *a, *b;

	(void)value;
	latch_open(&key_gate.running);
	CHECK(&key_gate.verdict, wt_parent_port() == NULL); /* no worker any more */
	CHECK(&key_gate.verdict, wt_thread_id() != 0);
	CHECK(&key_gate.verdict, wt_channel_create(&a, &b, NULL) == 0); /* a thread as any other, which closes it */
	CHECK(&key_gate.verdict, latch_await(&key_gate.release));
	latch_open(&key_gate.left);
}

static int entry_with_key(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)size;
	return pthread_setspecific(*(const pthread_key_t *)data, &key_gate);
}

/* The program's own, which may take as long as they like, but not the creator's time. */
static void destroy_waits_for_destructors_within_its_time_out(void **state)
{
	unsigned threads = support_threads();
	pthread_key_t key;
	wt_worker *worker;
	wt_time before;
	long bytes;

	(void)state;
	support_count();
	wt_thread_id();
	bytes = atomic_load(&support_counts.bytes);
	assert_int_equal(pthread_key_create(&key, key_destructor), 0);
	assert_int_equal(wt_worker_create(&worker, entry_with_key, &key, sizeof key,
					  WT_WORKER_OPTIONS(.destroy_timeout = 30000000)), 0);
	assert_true(latch_await(&key_gate.running));
	assert_int_equal(join(worker), 0);
	before = wt_now();
	wt_worker_destroy(worker);
	assert_true(wt_now() - before >= 30000000);
	assert_false(latch_is_open(&key_gate.left));
	latch_open(&key_gate.release);
	assert_true(latch_await(&key_gate.left));
	assert_threads(threads);
	assert_verdict(&key_gate.verdict);
	assert_int_equal(atomic_load(&support_counts.bytes), bytes);
	pthread_key_delete(key);
}

/* A creator that ends, and with it its zombie's channel end, before the zombie posts its last message. */
static int entry_posts_late(wt_port *parent, const void *data, size_t size)
{
	struct gate *gate = *(struct gate *const *)data;

	(void)size;
	latch_open(&gate->running);
	CHECK(&gate->verdict, latch_await(&gate->release));
	CHECK(&gate->verdict, wt_port_post(parent, "late", 4) == WT_ECLOSED);
	latch_open(&gate->left);
	return 0;
}

static void *leave_a_zombie(void *arg)
{
	struct gate *gate = arg;
	wt_worker *worker;

	CHECK(&gate->verdict, wt_worker_create(&worker, entry_posts_late, &gate, sizeof gate,
					       WT_WORKER_OPTIONS(.destroy_timeout = 1000000)) == 0);
	CHECK(&gate->verdict, latch_await(&gate->running));
	return NULL;
}

/* [C4] */
static void a_zombie_outlives_its_creator(void **state)
{
	struct gate gate = { 0 };
	unsigned threads = support_threads();
	pthread_t creator;

	(void)state;
	support_count();
	assert_int_equal(pthread_create(&creator, NULL, leave_a_zombie, &gate), 0);
	pthread_join(creator, NULL);
	latch_open(&gate.release);
	assert_true(latch_await(&gate.left));
	assert_threads(threads);
	assert_verdict(&gate.verdict);
	assert_int_equal(atomic_load(&support_counts.bytes), 0);
}

static void *leave_workers(void *arg)
{
	struct verdict *verdict = arg;
	wt_worker *worker;
	int code = 3;

	for (int i = 0; i < 3; i++)
		CHECK(verdict, wt_worker_create(&worker, entry_receive, NULL, 0, NULL) == 0);
	CHECK(verdict, wt_worker_create(&worker, entry_return, &code, sizeof code, NULL) == 0);
	return NULL;
}

static void a_foreign_creator_that_ends_destroys_its_workers(void **state)
{
	struct verdict verdict = { 0 };
	unsigned threads = support_threads();
	pthread_t creator;

	(void)state;
	support_count();
	for (int i = 0; i < 20; i++) {
		assert_int_equal(pthread_create(&creator, NULL, leave_workers, &verdict), 0);
		pthread_join(creator, NULL);
		assert_verdict(&verdict);
		assert_threads(threads);
		assert_int_equal(atomic_load(&support_counts.bytes), 0);
	}
}

/* ---- Many ---- */

static void post_to_a_worker_that_has_ended_is_closed(void **state)
{
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_nothing, NULL, 0, NULL), 0);
	assert_int_equal(join(worker), 0);
	assert_int_equal(wt_worker_post(worker, "x", 1), WT_ECLOSED);
	assert_int_equal(wt_worker_post(worker, NULL, 1), WT_EINVAL);
	wt_worker_destroy(worker);
}

static void cycle_return(void)
{
	wt_worker *worker;

	assert_int_equal(wt_worker_create(&worker, entry_return, &(int){ 1 }, sizeof(int), NULL), 0);
	assert_int_equal(join(worker), 1);
	wt_worker_destroy(worker);
}

#ifdef __SANITIZE_THREAD__ /* which holds signals back from a computation that calls nothing */
#define SPIN_EVERY UINT_MAX
#else
#define SPIN_EVERY 16
#endif

static void spin(void *arg)
{
	for (;;)
		++*(volatile unsigned *)arg;
}

static void wait_or_spin(wt_port *port, unsigned n)
{
	wt_message message;
	unsigned count = 0;

	if (n % SPIN_EVERY == 0 && wt_interruptible(spin, &count) != WT_ETERMINATED)
		wt_fail(1, "not ended");
	while (wt_port_receive(port, &message, WT_FOREVER) == 0)
		;
}

/* Has something of everything: a channel, a nested worker, a cleanup, an exit handler, and a computation. */
static int entry_busy(wt_port *parent, const void *data, size_t size)
{
	unsigned n = *(const unsigned *)data;
	atomic_int notes = 0;
	wt_port *a, *b;
	wt_worker *nested;

	(void)size;
	if (wt_channel_create(&a, &b, NULL) || wt_port_post(a, data, size) || wt_defer(note, &entries) ||
	    wt_on_exit(note, &notes) || (n % 4 == 0 && wt_worker_create(&nested, entry_receive, NULL, 0, NULL)))
		return 3;
	if (wt_port_post(parent, "busy", 4))
		return 4;
	wait_or_spin(parent, n);
	return 5;
}

static void cycle_terminate(void)
{
	static unsigned n;
	wt_message message;
	wt_worker *worker;

	n++;
	assert_int_equal(wt_worker_create(&worker, entry_busy, &n, sizeof n, NULL), 0);
	if (n % 2) /* else before it began, or wherever it is by now */
		assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, wt_after_ms(20000)), 0);
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_int_equal(join(worker), 1);
	wt_worker_destroy(worker);
}

static void assert_leaves_nothing(void (*cycle)(void), unsigned rounds)
{
	unsigned threads, fds;
	size_t resident;

	support_allow_seconds(120);
	for (unsigned i = 0; i < rounds / 10; i++)
		cycle();
	threads = support_threads();
	fds = support_open_fds();
	resident = support_resident();
	for (unsigned i = 0; i < rounds; i++)
		cycle();
	assert_threads(threads);
	assert_int_equal(support_open_fds(), fds);
	if (support_slowdown() == 1) /* a sanitizer keeps what was freed */
		assert_in_range(support_resident(), 0, resident + (1 << 20));
}

static void ten_thousand_workers_leave_nothing(void **state)
{
	(void)state;
	assert_leaves_nothing(cycle_return, 10000 / support_slowdown());
}

static void ten_thousand_terminated_workers_leave_nothing(void **state)
{
	(void)state;
	assert_leaves_nothing(cycle_terminate, 10000 / support_slowdown());
}

static void a_hundred_workers_run_at_once(void **state)
{
	wt_worker *workers[100];

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(wt_worker_create(&workers[i], entry_receive, NULL, 0, NULL), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(wt_worker_post(workers[i], &i, sizeof i), 0);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(join(workers[i]), 0);
		wt_worker_destroy(workers[i]);
	}
}

static int post_mask(wt_port *parent, const void *data, size_t size)
{
	sigset_t mask;

	(void)data;
	(void)size;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	return wt_port_post(parent, &mask, sizeof mask);
}

/* An emulator has fewer of them than it says. */
static sigset_t all_that_can_be_blocked(void)
{
	sigset_t own, all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &own);
	pthread_sigmask(SIG_SETMASK, &own, &all);
	return all;
}

/* [P4] A program's handlers run where they did before it had workers. */
static void a_worker_blocks_all_signals_but_its_own(void **state)
{
	static const int open[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF };
	wt_worker *worker;
	wt_message message;
	sigset_t mask, all = all_that_can_be_blocked();

	(void)state;
	assert_int_equal(sigismember(&all, SIGUSR1), 1);
	assert_int_equal(wt_worker_create(&worker, post_mask, NULL, 0, NULL), 0);
	assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, wt_after_ms(25000)), 0);
	memcpy(&mask, message.data, sizeof mask);
	for (size_t i = 0; i < sizeof open / sizeof *open; i++)
		assert_int_equal(sigismember(&mask, open[i]), 0);
	assert_int_equal(sigismember(&mask, wti_poke_signal()), 0);
	for (int signal = 1; signal <= SIGRTMAX; signal++) {
		bool own = signal == wti_poke_signal() || sigismember(&all, signal) != 1;

		for (size_t i = 0; i < sizeof open / sizeof *open; i++)
			own |= signal == open[i];
		if (!own && sigismember(&mask, signal) != 1)
			fail_msg("signal %d is open", signal);
	}
	wt_worker_destroy(worker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(create_refuses_what_is_invalid),
		TEST(create_refuses_options_that_are_invalid),
		TEST(options_of_a_later_version_pass_while_unknown_fields_are_zero),
		TEST(create_reports_a_stack_that_the_system_refuses),
		TEST(stack_size_is_rounded_up),
		TEST(name_is_copied_and_shown_by_the_system),
		TEST(a_long_name_is_kept_whole),
		TEST(channel_options_pass_through),
		TEST(worker_data_is_a_copy),
		TEST(worker_data_is_aligned_whatever_comes_along),
		TEST(null_is_answered_and_ignored),
		TEST(options_init_is_all_defaults),
		TEST(create_survives_the_failure_of_each_allocation),
		TEST(create_as_the_first_call_of_a_thread_survives_it_too),
		TEST(create_without_threads_left_leaves_nothing),
		TEST(join_reads_the_code_as_often_as_it_is_asked),
		TEST(join_waits_no_longer_than_told),
		TEST(every_thread_may_join),
		TEST(joining_oneself_is_a_deadlock),
		TEST(terminate_is_idempotent),
		TEST(terminate_of_a_worker_that_has_ended_changes_nothing),
		TEST(terminate_that_times_out_loses_nothing),
		TEST(a_zombie_that_ends_after_all_has_one_exit),
		TEST(every_thread_may_terminate),
		TEST(terminate_from_inside_ends_at_the_next_checkpoint),
		TEST(terminate_before_the_start_keeps_the_entry_from_running),
		TEST(terminate_during_the_end_comes_too_late),
		TEST(destroy_ends_a_running_worker),
		TEST(destroy_is_allowed_in_each_of_its_own_callbacks),
		TEST(a_worker_destroyed_in_its_callback_takes_no_more_calls),
		TEST(destroy_is_allowed_in_a_handler_of_its_port),
		TEST(nobody_calls_after_destroy),
		TEST(destroy_and_handlers_belong_to_the_creator),
		TEST(destroy_leaves_a_zombie_that_frees_itself),
		TEST(destroy_waits_for_destructors_within_its_time_out),
		TEST(a_zombie_outlives_its_creator),
		TEST(a_foreign_creator_that_ends_destroys_its_workers),
		TEST(post_to_a_worker_that_has_ended_is_closed),
		TEST(ten_thousand_workers_leave_nothing),
		TEST(ten_thousand_terminated_workers_leave_nothing),
		TEST(a_hundred_workers_run_at_once),
		TEST(a_worker_blocks_all_signals_but_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
