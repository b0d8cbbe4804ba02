/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <wt.h>

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

static bool one_thread_less(void *arg)
{
	return support_threads() <= *(unsigned *)arg;
}

/* The system takes a moment to forget a thread that has been joined, and more for one that was detached. */
static void assert_threads(unsigned threads)
{
	assert_true(await(one_thread_less, &threads));
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
	later.field = 0;
	assert_int_equal(wt_worker_create(&(wt_worker *){ NULL }, entry_nothing, NULL, 0, &later.options), 0);
}

/* A stack of 64 TiB passes every check but the system's. */
static void create_reports_a_stack_that_the_system_refuses(void **state)
{
	unsigned threads = support_threads();
	wt_worker *worker;
	int err;

	(void)state;
	err = wt_worker_create(&worker, entry_nothing, NULL, 0, WT_WORKER_OPTIONS(.stack_size = (size_t)1 << 47));
	assert_true(err == WT_EAGAIN || err == WT_ENOMEM);
	assert_null(worker);
	assert_int_equal(support_threads(), threads);
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
	char buffer[512] = "", system[16] = "";

	if (given)
		snprintf(buffer, sizeof buffer, "%s", given);
	assert_int_equal(wt_worker_create(&worker, entry_names, &at, sizeof at,
					  WT_WORKER_OPTIONS(.name = given ? buffer : NULL)),
			 0);
	memset(buffer, '!', sizeof buffer); /* it was copied */
	if (!expected) {
		snprintf(buffer, sizeof buffer, "worker-%llu", (unsigned long long)wt_worker_id(worker));
		expected = buffer;
	}
	assert_string_equal(wt_worker_name(worker), expected);
	assert_int_equal(join(worker), 0);
	assert_string_equal(names.library, expected);
	memcpy(system, expected, strnlen(expected, 15));
	assert_string_equal(names.system, system);
	wt_worker_destroy(worker);
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

static void assert_data(const char *data, size_t size)
{
	char given[100];
	wt_worker *worker;

	memset(&data_seen, 0, sizeof data_seen);
	if (data)
		memcpy(given, data, size);
	assert_int_equal(wt_worker_create(&worker, entry_data, data ? given : NULL, size, NULL), 0);
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
	assert_data(NULL, 0);
	assert_data("", 0);
	assert_data("x", 1);
	assert_data("worker data of forty-two bytes, all of them", 42);
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
	assert_int_equal(support_threads(), threads);
	support_restore_os();
	assert_int_equal(wt_worker_create(&worker, entry_nothing, "data", 4, NULL), 0);
	assert_int_equal(join(worker), 0);
	wt_worker_destroy(worker);
}
