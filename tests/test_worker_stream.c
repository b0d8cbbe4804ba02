/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wt/stdio.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "support/divert.h"
#include "support/ports.h"
#include "support/support.h"

static struct verdict verdict;

#define CAPTURED WT_WORKER_OPTIONS(.capture_stdout = true, .capture_stderr = true)
#define FED      WT_WORKER_OPTIONS(.capture_stdout = true, .feed_stdin = true)

static void start(wt_worker **worker, wt_entry *entry, const void *data, size_t size, const wt_worker_options *options)
{
	assert_int_equal(wt_worker_create(worker, entry, data, size, options), 0);
}

/* ---- Handlers that write into struct events ---- */

static void on_stdout(wt_worker *worker, const void *data, size_t size, void *arg)
{
	CHECK(&verdict, worker != NULL);
	events_add(arg, "out:%.*s", (int)size, (const char *)data);
}

static void on_stderr(wt_worker *worker, const void *data, size_t size, void *arg)
{
	CHECK(&verdict, worker != NULL);
	events_add(arg, "err:%.*s", (int)size, (const char *)data);
}

static void on_online(wt_worker *worker, void *arg)
{
	(void)worker;
	events_add(arg, "online");
}

static void on_message(wt_worker *worker, wt_message *message, void *arg)
{
	(void)worker;
	events_add(arg, "message:%.*s", (int)message->size, (const char *)message->data);
}

static void on_error(wt_worker *worker, const wt_failure *failure, void *arg)
{
	(void)worker;
	events_add(arg, "error:%d", failure->code);
}

static void on_exit_(wt_worker *worker, int code, void *arg)
{
	(void)worker;
	events_add(arg, "exit:%d", code);
}

static void listen_to(wt_worker *worker, struct events *events)
{
	wt_worker_on_online(worker, on_online, events);
	wt_worker_on_message(worker, on_message, events);
	wt_worker_on_stdout(worker, on_stdout, events);
	wt_worker_on_stderr(worker, on_stderr, events);
	wt_worker_on_error(worker, on_error, events);
	wt_worker_on_exit(worker, on_exit_, events);
}

/* ---- Order ---- */

enum end { END_RETURN, END_EXIT, END_FAIL, END_PTHREAD_EXIT, END_TERMINATE };

static wt_worker *itself;

static int entry_ends(wt_port *parent, const void *data, size_t size)
{
	enum end end;

	(void)size;
	memcpy(&end, data, sizeof end);
	fputs("one\n", wt_stdout());
	fputs("two\nthree", wt_stdout());
	CHECK(&verdict, wt_port_post(parent, "m", 1) == 0);
	if (end == END_EXIT)
		wt_exit(3);
	if (end == END_FAIL)
		wt_fail(4, "as expected");
	if (end == END_PTHREAD_EXIT)
		pthread_exit(NULL);
	if (end == END_TERMINATE)
		CHECK(&verdict, wt_worker_terminate(itself, WT_NOW) == 0);
	return 0;
}

static void assert_order(enum end end, const char *expected)
{
	struct events events = { 0 };

	start(&itself, entry_ends, &end, sizeof end, CAPTURED);
	assert_int_equal(wt_worker_join(itself, NULL, WT_FOREVER), 0);
	listen_to(itself, &events);
	assert_int_equal(wt_run(), 0);
	assert_events(&events, expected);
	wt_worker_destroy(itself);
	assert_verdict(&verdict);
}

/* [W1] [W2] */
static void all_that_was_written_comes_before_error_and_exit(void **state)
{
	(void)state;
	assert_order(END_RETURN, "online message:m out:one\n out:two\n out:three exit:0");
	assert_order(END_EXIT, "online message:m out:one\n out:two\n out:three exit:3");
	assert_order(END_FAIL, "online message:m out:one\n out:two\n out:three error:4 exit:1");
	assert_order(END_PTHREAD_EXIT, "online message:m out:one\n out:two\n out:three exit:0");
	assert_order(END_TERMINATE, "online message:m out:one\n out:two\n out:three exit:1");
}

static int entry_flushes(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	fprintf(wt_stderr(), "a %d", 1);
	fflush(wt_stderr());
	fflush(wt_stderr());
	fprintf(wt_stderr(), " b\nc\n");
	setvbuf(wt_stdout(), NULL, _IONBF, 0);
	fputs("at ", wt_stdout());
	fputs("once", wt_stdout());
	return 0;
}

static void each_newline_and_each_flush_hands_on(void **state)
{
	struct events events = { 0 };
	wt_worker *worker;

	(void)state;
	start(&worker, entry_flushes, NULL, 0, CAPTURED);
	listen_to(worker, &events);
	wt_worker_on_stdout(worker, NULL, NULL);
	assert_int_equal(wt_worker_join(worker, NULL, WT_FOREVER), 0);
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "online err:a 1 err: b\nc\n exit:0");
	assert_receives(wt_worker_stdout(worker), "at ");
	assert_receives(wt_worker_stdout(worker), "once");
	assert_receives_nothing(wt_worker_stdout(worker), WT_ECLOSED);
	wt_worker_destroy(worker);
	assert_verdict(&verdict);
}

/* ---- Everything, once, in order ---- */

static unsigned lines_count(void)
{
	return support_slowdown() > 1 ? 300 : 4000;
}

static int entry_writes_lines(wt_port *parent, const void *data, size_t size)
{
	static _Thread_local char line[10001];

	(void)parent;
	(void)data;
	(void)size;
	for (unsigned i = 0; i < lines_count(); i++) {
		line_fill(line, i % 20 ? 24 + i * 13 % 700 : 24 + i * 997 % 9000, 0, i);
		CHECK(&verdict, fputs(line, wt_stdout()) >= 0);
	}
	return 0;
}

struct whole {
	char text[4000 * 1200];
	size_t size;
};

static void gather(wt_worker *worker, const void *data, size_t size, void *arg)
{
	struct whole *whole = arg;

	(void)worker;
	CHECK(&verdict, whole->size + size < sizeof whole->text);
	memcpy(whole->text + whole->size, data, size);
	whole->size += size;
}

static void what_a_handler_hears_is_what_was_written(void **state)
{
	static struct whole whole;
	struct divert divert;
	wt_worker *worker;
	int err;

	(void)state;
	divert_begin(&divert, 1);
	start(&worker, entry_writes_lines, NULL, 0, CAPTURED);
	wt_worker_on_stdout(worker, gather, &whole);
	err = wt_run();
	wt_worker_destroy(worker);
	divert_end(&divert);
	assert_int_equal(err, 0);
	assert_string_equal(divert.text, "");
	assert_null(lines_check(whole.text, 1, lines_count()));
	assert_verdict(&verdict);
	divert_free(&divert);
}

static void what_a_receiver_gets_is_what_was_written(void **state)
{
	static struct whole whole;
	wt_worker *worker;
	wt_port *ports[2];
	wt_message message;
	size_t ready;
	int err = 0;

	(void)state;
	start(&worker, entry_writes_lines, NULL, 0, CAPTURED);
	ports[0] = wt_worker_stdout(worker);
	ports[1] = wt_worker_port(worker);
	while (!err) {
		assert_int_equal(wt_select(ports, 1, &ready, wt_after_ms(20000)), 0);
		err = wt_port_receive(ports[ready], &message, WT_NOW);
		if (!err)
			gather(worker, message.data, message.size, &whole);
	}
	assert_int_equal(err, WT_ECLOSED);
	assert_null(lines_check(whole.text, 1, lines_count()));
	assert_receives_nothing(wt_worker_stderr(worker), WT_ECLOSED);
	wt_worker_destroy(worker);
	assert_verdict(&verdict);
}

/* Without anybody who listens, the worker goes on and nothing waits for it. */
static void what_nobody_hears_holds_nothing_back(void **state)
{
	struct events events = { 0 };
	wt_worker *worker;

	(void)state;
	start(&worker, entry_writes_lines, NULL, 0, CAPTURED);
	wt_worker_on_exit(worker, on_exit_, &events);
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "exit:0");
	wt_worker_destroy(worker);
	assert_verdict(&verdict);
}

/* ---- Handlers that do something ---- */

static void destroy_it(wt_worker *worker, const void *data, size_t size, void *arg)
{
	on_stdout(worker, data, size, arg);
	wt_worker_destroy(worker);
}

static void a_handler_may_destroy_the_worker(void **state)
{
	enum end end = END_RETURN;

	(void)state;
	for (int joined = 0; joined < 2; joined++) {
		struct events events = { 0 };
		wt_worker *worker;

		start(&worker, entry_ends, &end, sizeof end, CAPTURED);
		if (joined)
			assert_int_equal(wt_worker_join(worker, NULL, WT_FOREVER), 0);
		wt_worker_on_stdout(worker, destroy_it, &events);
		wt_worker_on_exit(worker, on_exit_, &events);
		assert_int_equal(wt_run(), 0);
		assert_events(&events, "out:one\n");
	}
	assert_verdict(&verdict);
}

static void hear_once(wt_worker *worker, const void *data, size_t size, void *arg)
{
	on_stdout(worker, data, size, arg);
	wt_worker_on_stdout(worker, NULL, NULL);
}

static void a_handler_may_remove_itself(void **state)
{
	enum end end = END_RETURN;
	struct events events = { 0 };
	wt_worker *worker;

	(void)state;
	start(&worker, entry_ends, &end, sizeof end, CAPTURED);
	wt_worker_on_stdout(worker, hear_once, &events);
	wt_worker_on_exit(worker, on_exit_, &events);
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "out:one\n exit:0");
	assert_receives(wt_worker_stdout(worker), "two\n");
	assert_receives(wt_worker_stdout(worker), "three");
	wt_worker_destroy(worker);
}

static void leave(wt_worker *worker, const void *data, size_t size, void *arg)
{
	(void)worker;
	(void)data;
	(void)size;
	(void)arg;
	wt_exit(6);
}

static int entry_leaves_from_a_handler(wt_port *parent, const void *data, size_t size)
{
	enum end end = END_RETURN;
	wt_worker *nested;

	(void)parent;
	(void)data;
	(void)size;
	CHECK(&verdict, wt_worker_create(&nested, entry_ends, &end, sizeof end, CAPTURED) == 0);
	wt_worker_on_stdout(nested, leave, NULL);
	return wt_run();
}

static void a_handler_may_leave_by_a_jump(void **state)
{
	wt_worker *worker;
	int code = -1;

	(void)state;
	start(&worker, entry_leaves_from_a_handler, NULL, 0, NULL);
	assert_int_equal(wt_worker_join(worker, &code, wt_after_ms(20000)), 0);
	assert_int_equal(code, 6);
	wt_worker_destroy(worker);
	assert_verdict(&verdict);
}

/* ---- The ports ---- */

static int entry_is_idle(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return 0;
}

static void the_ports_are_the_workers(void **state)
{
	enum end end = END_RETURN;
	wt_worker *worker;

	(void)state;
	start(&worker, entry_ends, &end, sizeof end, WT_WORKER_OPTIONS(.capture_stdout = true));
	assert_non_null(wt_worker_stdout(worker));
	assert_null(wt_worker_stderr(worker));
	wt_port_close(wt_worker_stdout(worker)); /* ignored */
	assert_int_equal(wt_port_post(wt_worker_stdout(worker), "x", 1), WT_ECLOSED);
	assert_int_equal(wt_worker_join(worker, NULL, WT_FOREVER), 0);
	assert_receives(wt_worker_stdout(worker), "one\n");
	wt_worker_destroy(worker);
	start(&worker, entry_is_idle, NULL, 0, NULL);
	assert_null(wt_worker_stdout(worker));
	wt_worker_on_stderr(worker, on_stderr, NULL); /* ignored */
	assert_int_equal(wt_worker_join(worker, NULL, WT_FOREVER), 0);
	wt_worker_destroy(worker);
	assert_null(wt_worker_stdout(NULL));
	assert_null(wt_worker_stderr(NULL));
	wt_worker_on_stdout(NULL, on_stdout, NULL);
}

static struct latch there, go;

static int entry_writes_when_destroyed(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)size;
	latch_open(&there);
	CHECK(&verdict, latch_await(&go));
	CHECK(&verdict, fputs("nobody\n", wt_stdout()) == EOF && errno == EPIPE);
	CHECK(&verdict, getc(wt_stdin()) == EOF);
	latch_open((struct latch *)*(void *const *)data);
	return 0;
}

static bool memory_is(void *bytes)
{
	return atomic_load(&support_counts.bytes) == *(long *)bytes;
}

/* A zombie's streams lead nowhere, and are still its own; it frees them. */
static void a_worker_that_outlives_its_handle_writes_to_nobody(void **state)
{
	static struct latch over;
	struct latch *at = &over;
	wt_worker *worker;
	long before;

	(void)state;
	support_count();
	wt_thread_id();
	before = atomic_load(&support_counts.bytes);
	start(&worker, entry_writes_when_destroyed, &at, sizeof at,
	      WT_WORKER_OPTIONS(.capture_stdout = true, .feed_stdin = true, .destroy_timeout = 1));
	assert_true(latch_await(&there));
	wt_worker_destroy(worker);
	latch_open(&go);
	assert_true(latch_await(&over));
	assert_true(await(memory_is, &before));
	assert_verdict(&verdict);
}

/* ---- Feed ---- */

static int entry_echoes(wt_port *parent, const void *data, size_t size)
{
	char line[64];

	(void)parent;
	(void)data;
	(void)size;
	while (fgets(line, sizeof line, wt_stdin()))
		fputs(line, wt_stdout());
	CHECK(&verdict, feof(wt_stdin()) && !ferror(wt_stdin()));
	clearerr(wt_stdin());
	CHECK(&verdict, getc(wt_stdin()) == EOF && feof(wt_stdin()));
	return 0;
}

static int feed(wt_worker *worker, const char *text)
{
	return wt_worker_feed_stdin(worker, text, strlen(text));
}

static void what_is_fed_is_read_in_order_and_then_the_end(void **state)
{
	struct events events = { 0 };
	wt_worker *worker;

	(void)state;
	start(&worker, entry_echoes, NULL, 0, FED);
	listen_to(worker, &events);
	assert_int_equal(feed(worker, "on"), 0);
	assert_int_equal(feed(worker, ""), 0);
	assert_int_equal(feed(worker, "e\ntwo\nth"), 0);
	assert_int_equal(wt_run_once(wt_after_ms(20000)) > 0, 1);
	assert_int_equal(feed(worker, "ree"), 0);
	assert_int_equal(wt_worker_end_stdin(worker), 0);
	assert_int_equal(wt_worker_end_stdin(worker), 0);
	assert_int_equal(feed(worker, "never"), WT_ECLOSED);
	assert_int_equal(wt_run(), 0);
	assert_events(&events, "online out:one\n out:two\n out:three exit:0");
	assert_int_equal(feed(worker, "never"), WT_ECLOSED);
	wt_worker_destroy(worker);
	assert_verdict(&verdict);
}

static int entry_counts(wt_port *parent, const void *data, size_t size)
{
	uint64_t sum = 0;
	int c;

	(void)data;
	(void)size;
	while ((c = getc(wt_stdin())) != EOF)
		sum = sum * 31 + (unsigned)c;
	return wt_port_post(parent, &sum, sizeof sum);
}

static void *feed_elsewhere(void *arg)
{
	char bytes[10000];

	for (size_t i = 0; i < 200; i++) {
		memset(bytes, (int)i, sizeof bytes);
		CHECK(&verdict, wt_worker_feed_stdin(arg, bytes, i * 49) == 0);
	}
	CHECK(&verdict, wt_worker_end_stdin(arg) == 0);
	return NULL;
}

static void any_thread_may_feed(void **state)
{
	uint64_t sum = 0;
	wt_worker *worker;
	wt_message message;
	pthread_t thread;

	(void)state;
	for (size_t i = 0; i < 200; i++)
		for (size_t j = 0; j < i * 49; j++)
			sum = sum * 31 + i;
	start(&worker, entry_counts, NULL, 0, FED);
	assert_int_equal(pthread_create(&thread, NULL, feed_elsewhere, worker), 0);
	assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, wt_after_ms(20000)), 0);
	assert_memory_equal(message.data, &sum, sizeof sum);
	pthread_join(thread, NULL);
	wt_worker_destroy(worker);
	assert_verdict(&verdict);
}

static struct latch reading;

static int entry_blocks_in_a_read(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	CHECK(&verdict, getc(wt_stdin()) == 'x');
	latch_open(&reading);
	CHECK(&verdict, getc(wt_stdin()) == EOF);
	CHECK(&verdict, ferror(wt_stdin()) && !feof(wt_stdin()) && errno == EINTR && wt_terminating());
	return 0;
}

/* [W5] */
static void terminate_ends_a_read(void **state)
{
	wt_worker *worker;

	(void)state;
	start(&worker, entry_blocks_in_a_read, NULL, 0, FED);
	assert_int_equal(feed(worker, "x"), 0);
	assert_true(latch_await(&reading));
	assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(10)), WT_ETIMEDOUT);
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_int_equal(wt_worker_end_stdin(worker), 0);
	wt_worker_destroy(worker);
	assert_verdict(&verdict);
}

static struct latch fed;

static int entry_reads_on(wt_port *parent, const void *data, size_t size)
{
	unsigned more = 0;

	(void)parent;
	(void)data;
	(void)size;
	CHECK(&verdict, getc(wt_stdin()) == '\n');
	latch_open(&fed);
	CHECK(&verdict, wt_sleep(wt_after_ms(20000)) == WT_ETERMINATED);
	while (getc(wt_stdin()) == '\n')
		more++;
	CHECK(&verdict, more < 4096); /* what the buffer had */
	CHECK(&verdict, ferror(wt_stdin()) && !feof(wt_stdin()) && errno == EINTR && wt_terminating());
	return 0;
}

/* Also one that finds something each time, in one message. [W5] */
static void terminate_ends_reads_that_find_something(void **state)
{
	static char lines[100000];
	wt_worker *worker;

	(void)state;
	memset(lines, '\n', sizeof lines);
	start(&worker, entry_reads_on, NULL, 0, FED);
	assert_int_equal(wt_worker_feed_stdin(worker, lines, sizeof lines), 0);
	assert_true(latch_await(&fed));
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	wt_worker_destroy(worker);
	assert_verdict(&verdict);
}

#ifdef __GLIBC__ /* musl's fflush(NULL) takes the lock of each file, whatever __fsetlocking was told */
static void who_flushes_all_files_does_not_wait_for_readers(void **state)
{
	wt_worker *worker;

	(void)state;
	start(&worker, entry_echoes, NULL, 0, FED);
	assert_int_equal(feed(worker, "one\n"), 0);
	assert_int_equal(wt_port_receive(wt_worker_stdout(worker), &(wt_message){ 0 }, wt_after_ms(20000)), 0);
	assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(10)), WT_ETIMEDOUT); /* reads, and waits */
	assert_int_equal(fflush(NULL), 0);
	assert_int_equal(feed(worker, "two\n"), 0);
	assert_int_equal(wt_worker_end_stdin(worker), 0);
	assert_int_equal(wt_worker_join(worker, NULL, WT_FOREVER), 0);
	assert_receives(wt_worker_stdout(worker), "two\n");
	wt_worker_destroy(worker);
	assert_verdict(&verdict);
}
#endif

static void only_those_with_the_option_are_fed(void **state)
{
	enum end end = END_RETURN;
	wt_worker *worker;

	(void)state;
	start(&worker, entry_ends, &end, sizeof end, WT_WORKER_OPTIONS(.capture_stdout = true));
	assert_int_equal(feed(worker, "x"), WT_ENOTSUP);
	assert_int_equal(wt_worker_end_stdin(worker), WT_ENOTSUP);
	wt_worker_destroy(worker);
	start(&worker, entry_echoes, NULL, 0, FED);
	assert_int_equal(wt_worker_feed_stdin(worker, NULL, 1), WT_EINVAL);
	assert_int_equal(wt_worker_feed_stdin(worker, NULL, 0), 0);
	assert_int_equal(wt_worker_end_stdin(worker), 0);
	assert_int_equal(wt_worker_join(worker, NULL, WT_FOREVER), 0);
	wt_worker_destroy(worker);
	assert_int_equal(wt_worker_feed_stdin(NULL, "x", 1), WT_EINVAL);
	assert_int_equal(wt_worker_end_stdin(NULL), WT_EINVAL);
	assert_verdict(&verdict);
}

/* ---- Failures ---- */

static void a_thread_that_cannot_be_had_leaves_nothing(void **state)
{
	wt_worker *worker;
	long before;

	(void)state;
	support_count();
	start(&worker, entry_echoes, NULL, 0, NULL);
	wt_worker_destroy(worker);
	before = atomic_load(&support_counts.bytes);
	support_fail_os(SUPPORT_THREAD_CREATE, EAGAIN);
	assert_int_equal(wt_worker_create(&worker, entry_echoes, NULL, 0,
					  WT_WORKER_OPTIONS(.capture_stdout = true, .capture_stderr = true, .feed_stdin = true,
							    .fresh_thread = true)),
			 WT_EAGAIN);
	support_restore_os();
	assert_int_equal(atomic_load(&support_counts.bytes), before);
}

static void options_of_before_there_were_streams_are_accepted(void **state)
{
	wt_worker_options options;
	wt_worker *worker;

	(void)state;
	wt_worker_options_init(&options);
	options.size = offsetof(wt_worker_options, capture_stdout);
	options.capture_stdout = true; /* not looked at */
	start(&worker, entry_is_idle, NULL, 0, &options);
	assert_null(wt_worker_stdout(worker));
	wt_worker_destroy(worker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_that_was_written_comes_before_error_and_exit),
		TEST(each_newline_and_each_flush_hands_on),
		TEST(what_a_handler_hears_is_what_was_written),
		TEST(what_a_receiver_gets_is_what_was_written),
		TEST(what_nobody_hears_holds_nothing_back),
		TEST(a_handler_may_destroy_the_worker),
		TEST(a_handler_may_remove_itself),
		TEST(a_handler_may_leave_by_a_jump),
		TEST(the_ports_are_the_workers),
		TEST(a_worker_that_outlives_its_handle_writes_to_nobody),
		TEST(what_is_fed_is_read_in_order_and_then_the_end),
		TEST(any_thread_may_feed),
		TEST(terminate_ends_a_read),
		TEST(terminate_ends_reads_that_find_something),
#ifdef __GLIBC__
		TEST(who_flushes_all_files_does_not_wait_for_readers),
#endif
		TEST(only_those_with_the_option_are_fed),
		TEST(a_thread_that_cannot_be_had_leaves_nothing),
		TEST(options_of_before_there_were_streams_are_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
