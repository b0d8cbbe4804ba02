/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wt.h>

#include "os.h"
#include "seam.h"
#include "support/seams.h"
#include "support/support.h"

/* ---- Programs of workers ---- */

enum ending { BY_RETURN, BY_EXIT, BY_FAIL, BY_TERMINATE, BY_PTHREAD_EXIT, ENDINGS };

struct job {
	enum ending ending;
	uint32_t messages;
};

static int entry_job(wt_port *parent, const void *data, size_t size)
{
	const struct job *job = data;
	wt_message message;

	(void)size;
	for (uint32_t i = 0; i < job->messages; i++)
		if (wt_port_post(parent, &i, sizeof i))
			wt_exit(99);
	switch (job->ending) {
	case BY_EXIT:
		wt_exit(4);
	case BY_FAIL:
		wt_fail(17, "reason %d", 5);
	case BY_TERMINATE:
		return wt_port_receive(parent, &message, WT_FOREVER);
	case BY_PTHREAD_EXIT:
		pthread_exit(NULL);
	default:
		return 3;
	}
}

static const int codes[] = { [BY_RETURN] = 3, [BY_EXIT] = 4, [BY_FAIL] = 1, [BY_TERMINATE] = 1, [BY_PTHREAD_EXIT] = 0 };

static void start(wt_worker **worker, enum ending ending, uint32_t messages)
{
	struct job job = { ending, messages };

	assert_int_equal(wt_worker_create(worker, entry_job, &job, sizeof job, NULL), 0);
}

static int entry_receive(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	(void)data;
	(void)size;
	return wt_port_receive(parent, &message, WT_FOREVER);
}

/* ---- What the creator heard ---- */

/* A failed assertion would leave the loop by a jump: callbacks give verdicts, and run() asserts them. */
static struct verdict judged;

struct heard {
	char events[64]; /* a letter for each event: o m ! e x; a run of messages is one letter */
	uint32_t messages, errors;
	int code;
	bool in_order;
};

static void heard_note(struct heard *heard, char event)
{
	size_t n = strlen(heard->events);

	if (n && event == 'm' && heard->events[n - 1] == 'm')
		return;
	CHECK(&judged, n < sizeof heard->events - 1);
	if (n < sizeof heard->events - 1)
		heard->events[n] = event;
}

static void heard_online(wt_worker *worker, void *arg)
{
	(void)worker;
	heard_note(arg, 'o');
}

static void heard_message(wt_worker *worker, wt_message *message, void *arg)
{
	struct heard *heard = arg;
	uint32_t number;

	(void)worker;
	CHECK(&judged, message->size == sizeof number);
	memcpy(&number, message->data, sizeof number);
	if (number != heard->messages + heard->errors)
		heard->in_order = false;
	heard->messages++;
	heard_note(heard, 'm');
}

static void heard_message_error(wt_worker *worker, int error, void *arg)
{
	struct heard *heard = arg;

	(void)worker;
	CHECK(&judged, error == WT_EUNDECODABLE);
	heard->errors++;
	heard_note(heard, '!');
}

static void heard_error(wt_worker *worker, const wt_failure *failure, void *arg)
{
	wt_failure asked;

	CHECK(&judged, failure->code == 17);
	CHECK(&judged, strcmp(failure->message, "reason 5") == 0);
	CHECK(&judged, wt_worker_failure(worker, &asked) == 0);
	CHECK(&judged, asked.code == 17);
	CHECK(&judged, strcmp(asked.message, "reason 5") == 0);
	heard_note(arg, 'e');
}

static void heard_exit(wt_worker *worker, int code, void *arg)
{
	struct heard *heard = arg;

	CHECK(&judged, !wt_worker_has_ref(worker));
	heard->code = code;
	heard_note(heard, 'x');
}

enum { HEAR_ONLINE = 1, HEAR_MESSAGE = 2, HEAR_MESSAGE_ERROR = 4, HEAR_ERROR = 8, HEAR_EXIT = 16, HEAR_ALL = 31 };

static void listen(wt_worker *worker, struct heard *heard, unsigned what)
{
	*heard = (struct heard){ .in_order = true, .code = -1000 };
	if (what & HEAR_ONLINE)
		wt_worker_on_online(worker, heard_online, heard);
	if (what & HEAR_MESSAGE)
		wt_worker_on_message(worker, heard_message, heard);
	if (what & HEAR_MESSAGE_ERROR)
		wt_worker_on_message_error(worker, heard_message_error, heard);
	if (what & HEAR_ERROR)
		wt_worker_on_error(worker, heard_error, heard);
	if (what & HEAR_EXIT)
		wt_worker_on_exit(worker, heard_exit, heard);
}

static void run(void)
{
	assert_int_equal(wt_run(), 0);
	assert_verdict(&judged);
}

static void join(wt_worker *worker)
{
	assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20000)), 0);
}

/* ---- stderr, into a file ---- */

static int stderr_kept = -1;
static FILE *stderr_file;

static void stderr_capture(void)
{
	fflush(stderr);
	stderr_file = tmpfile();
	assert_non_null(stderr_file);
	stderr_kept = dup(2);
	assert_int_equal(dup2(fileno(stderr_file), 2), 2);
}

static void stderr_restore(char *text, size_t size)
{
	size_t n;

	fflush(stderr);
	dup2(stderr_kept, 2);
	close(stderr_kept);
	rewind(stderr_file);
	n = fread(text, 1, size - 1, stderr_file);
	text[n] = '\0';
	fclose(stderr_file);
}

static unsigned lines(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* ---- Order ---- */

/* [W1] Whichever of the handlers are there, and whether the events are there first or the loop is. */
static void events_come_in_order_with_each_set_of_handlers(void **state)
{
	char sink[4096];

	(void)state;
	stderr_capture();
	for (unsigned what = 0; what <= HEAR_ALL; what++) {
		for (int joined = 0; joined < 2; joined++) {
			struct heard heard;
			char expected[8];
			wt_worker *worker;

			start(&worker, BY_FAIL, 3);
			listen(worker, &heard, what);
			if (joined)
				join(worker);
			run();
			snprintf(expected, sizeof expected, "%s%s%s%s", what & HEAR_ONLINE ? "o" : "",
				 what & HEAR_MESSAGE ? "m" : "", what & HEAR_ERROR ? "e" : "",
				 what & HEAR_EXIT ? "x" : "");
			assert_string_equal(heard.events, expected);
			if (what & HEAR_MESSAGE)
				assert_int_equal(heard.messages, 3);
			assert_false(wt_worker_has_ref(worker));
			wt_worker_destroy(worker);
		}
	}
	stderr_restore(sink, sizeof sink);
}

static int fault_second(enum wti_fault_point point)
{
	static unsigned n;

	return point == WTI_FAULT_DECODE && n++ % 3 == 1 ? WT_EUNDECODABLE : 0;
}

/* [W1] [M9] */
static void an_undecodable_message_is_one_event_among_the_messages(void **state)
{
	struct heard heard;
	wt_worker *worker;

	(void)state;
	wti_fault_hook = fault_second;
	start(&worker, BY_FAIL, 3);
	listen(worker, &heard, HEAR_ALL);
	run();
	assert_string_equal(heard.events, "om!mex");
	assert_true(heard.in_order);
	wt_worker_destroy(worker);
	start(&worker, BY_RETURN, 3);
	listen(worker, &heard, HEAR_ALL & ~HEAR_MESSAGE_ERROR);
	run();
	assert_string_equal(heard.events, "omx");
	assert_int_equal(heard.messages, 2);
	wt_worker_destroy(worker);
}

/* [W1] [W2] However it ends, and however much it posted before. */
static void all_that_was_posted_comes_before_exit(void **state)
{
	static const uint32_t counts[] = { 0, 1, 10, 1000, 5000 };

	(void)state;
	for (enum ending ending = BY_RETURN; ending < ENDINGS; ending++) {
		for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
			struct heard heard;
			char expected[8];
			wt_worker *worker;

			start(&worker, ending, counts[i]);
			listen(worker, &heard, HEAR_ALL);
			if (ending == BY_TERMINATE) {
				while (heard.messages < counts[i])
					assert_true(wt_run_once(wt_after_ms(20000)) > 0);
				assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
			}
			run();
			snprintf(expected, sizeof expected, "o%s%sx", counts[i] ? "m" : "",
				 ending == BY_FAIL ? "e" : "");
			assert_string_equal(heard.events, counts[i] || ending != BY_TERMINATE ? expected : heard.events);
			assert_int_equal(heard.messages, counts[i]);
			assert_true(heard.in_order);
			assert_int_equal(heard.code, codes[ending]);
			wt_worker_destroy(worker);
		}
	}
}

/* [W2] A worker that posts until it is terminated: what it counted is what came. */
static atomic_uint posted;

static int entry_posts_for_ever(wt_port *parent, const void *data, size_t size)
{
	(void)data;
	(void)size;
	for (uint32_t i = 0;; i++) {
		wt_checkpoint();
		if (wt_port_post(parent, &i, sizeof i))
			return 99;
		atomic_fetch_add(&posted, 1);
	}
}

static bool enough_posted(void *arg)
{
	return atomic_load(&posted) >= *(unsigned *)arg;
}

static void all_that_a_terminated_worker_posted_comes_before_exit(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		uint32_t enough = round * 50;
		struct heard heard;
		wt_worker *worker;

		atomic_store(&posted, 0);
		assert_int_equal(wt_worker_create(&worker, entry_posts_for_ever, NULL, 0, NULL), 0);
		listen(worker, &heard, HEAR_ALL);
		assert_true(await(enough_posted, &enough));
		assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
		run();
		assert_int_equal(heard.messages, atomic_load(&posted));
		assert_true(heard.in_order);
		assert_int_equal(heard.code, 1);
		wt_worker_destroy(worker);
	}
}

/* [W2] */
static void exit_waits_for_a_hundred_thousand_messages(void **state)
{
	uint32_t many = support_slowdown() > 1 ? 25000 : 100000;

	(void)state;
	for (int joined = 0; joined < 2; joined++) {
		struct heard heard;
		wt_worker *worker;

		start(&worker, BY_RETURN, many);
		listen(worker, &heard, HEAR_ALL);
		if (joined)
			join(worker);
		run();
		assert_string_equal(heard.events, "omx");
		assert_int_equal(heard.messages, many);
		assert_true(heard.in_order);
		wt_worker_destroy(worker);
	}
}

static struct {
	wt_sender *sender;
	struct latch lent, stalled;
} lending;

/* Behind whoever has the sender. */
static int entry_lends_a_sender(wt_port *parent, const void *data, size_t size)
{
	uint32_t number = 1;

	(void)data;
	(void)size;
	if (wt_port_sender(parent, &lending.sender))
		return 99;
	latch_open(&lending.lent);
	if (!latch_await(&lending.stalled))
		return 98;
	return wt_port_post(parent, &number, sizeof number);
}

static void *post_by_lent_sender(void *arg)
{
	uint32_t number = 0;

	(void)arg;
	CHECK(&judged, wt_sender_post(lending.sender, &number, sizeof number) == 0);
	wt_sender_close(lending.sender);
	return NULL;
}

/* [W2] The loop sleeps meanwhile. */
static void exit_waits_for_what_a_stalled_post_holds_back(void **state)
{
	struct heard heard;
	wt_worker *worker;
	pthread_t poster;

	(void)state;
	memset(&lending, 0, sizeof lending);
	seams_hold(WTI_YIELD_RESERVED);
	assert_int_equal(wt_worker_create(&worker, entry_lends_a_sender, NULL, 0, NULL), 0);
	listen(worker, &heard, HEAR_ALL);
	assert_true(latch_await(&lending.lent));
	assert_int_equal(pthread_create(&poster, NULL, post_by_lent_sender, NULL), 0);
	assert_true(latch_await(&seams.there));
	latch_open(&lending.stalled);
	join(worker);
	while (wt_run_once(wt_after_ms(5)) > 0)
		;
	assert_string_equal(heard.events, "o");
	latch_open(&seams.go);
	run();
	assert_string_equal(heard.events, "omx");
	assert_int_equal(heard.messages, 2);
	assert_true(heard.in_order);
	pthread_join(poster, NULL);
	seams_end();
	wt_worker_destroy(worker);
}

/* [W1] One callback at a time, by wt_run_once or a descriptor's loop. */
static void exit_comes_once_and_last(void **state)
{
	struct heard heard;
	wt_worker *worker;
	int calls;

	(void)state;
	start(&worker, BY_FAIL, 2);
	listen(worker, &heard, HEAR_ALL);
	while ((calls = wt_run_once(WT_FOREVER)) > 0)
		;
	assert_int_equal(calls, 0);
	assert_string_equal(heard.events, "omex");
	assert_int_equal(wt_run_once(WT_NOW), 0);
	run();
	assert_int_equal(wt_worker_terminate(worker, WT_FOREVER), 0);
	run();
	assert_string_equal(heard.events, "omex");
	wt_worker_destroy(worker);
}

static void join_consumes_no_event(void **state)
{
	struct heard heard;
	wt_worker *worker;

	(void)state;
	start(&worker, BY_EXIT, 2);
	join(worker);
	join(worker);
	listen(worker, &heard, HEAR_ALL);
	assert_string_equal(heard.events, "");
	run();
	assert_string_equal(heard.events, "omx");
	assert_int_equal(heard.code, 4);
	wt_worker_destroy(worker);
}

/* ---- Stopping between events ---- */

static void stop_online(wt_worker *worker, void *arg)
{
	heard_online(worker, arg);
	wt_stop();
}

static void stop_message(wt_worker *worker, wt_message *message, void *arg)
{
	heard_message(worker, message, arg);
	wt_stop();
}

static void stop_error(wt_worker *worker, const wt_failure *failure, void *arg)
{
	heard_error(worker, failure, arg);
	wt_stop();
}

/* [W1] Whether the source of the worker or that of its port is looked at first. */
static void wt_stop_in_a_callback_holds_the_next_event_back(void **state)
{
	(void)state;
	for (int joined = 0; joined < 2; joined++) {
		struct heard heard;
		wt_worker *worker;

		start(&worker, BY_FAIL, 2);
		listen(worker, &heard, HEAR_ALL);
		wt_worker_on_online(worker, stop_online, &heard);
		wt_worker_on_message(worker, stop_message, &heard);
		wt_worker_on_error(worker, stop_error, &heard);
		if (joined)
			join(worker);
		run();
		assert_string_equal(heard.events, "o");
		run();
		assert_int_equal(heard.messages, 1);
		run();
		assert_int_equal(heard.messages, 2);
		assert_string_equal(heard.events, "om");
		run();
		assert_string_equal(heard.events, "ome");
		run();
		assert_string_equal(heard.events, "omex");
		wt_worker_destroy(worker);
	}
}

static void unlisten_online(wt_worker *worker, void *arg)
{
	heard_online(worker, arg);
	wt_worker_on_message(worker, NULL, NULL);
}

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

/*
 * A worker that has posted and ended, and whose messages the loop finds before
 * it finds that it is online: the loop, which rests for a descriptor's sake,
 * has stopped looking at the worker when it starts to look at the port.
 */
static void start_messages_first(wt_worker **worker, struct heard *heard, uint32_t messages)
{
	struct wti_os_ops late = *wti_os;
	int fd;

	atomic_store(&start_late.open, 0);
	start_os = wti_os;
	late.thread_create = start_thread_create;
	wti_os = &late;
	start(worker, BY_RETURN, messages);
	wti_os = start_os;
	assert_int_equal(wt_loop_fd(&fd), 0);
	assert_int_equal(wt_run_once(WT_NOW), WT_EAGAIN);
	listen(*worker, heard, HEAR_ALL);
	latch_open(&start_late);
	join(*worker);
}

/* [W1] */
static void online_comes_first_where_the_message_is_found_first(void **state)
{
	struct heard heard;
	wt_worker *worker;

	(void)state;
	start_messages_first(&worker, &heard, 3);
	run();
	assert_string_equal(heard.events, "omx");
	assert_int_equal(heard.messages, 3);
	wt_worker_destroy(worker);
}

static void destroy_online(wt_worker *worker, void *arg)
{
	heard_online(worker, arg);
	wt_worker_destroy(worker);
}

static void destroy_in_online_drops_the_message_that_was_found_first(void **state)
{
	struct heard heard;
	wt_worker *worker;

	(void)state;
	start_messages_first(&worker, &heard, 3);
	wt_worker_on_online(worker, destroy_online, &heard);
	run();
	assert_string_equal(heard.events, "o");
}

static void wt_stop_in_online_holds_the_message_back_that_was_found_first(void **state)
{
	struct heard heard;
	wt_worker *worker;

	(void)state;
	start_messages_first(&worker, &heard, 3);
	wt_worker_on_online(worker, stop_online, &heard);
	run();
	assert_string_equal(heard.events, "o");
	run();
	assert_string_equal(heard.events, "omx");
	assert_int_equal(heard.messages, 3);
	wt_worker_destroy(worker);
}

/* ---- Messages without a handler ---- */

static void assert_messages_wait(wt_worker *worker, uint32_t count)
{
	wt_message message;

	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, WT_NOW), 0);
		assert_int_equal(*(const uint32_t *)message.data, i);
	}
	assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, WT_NOW), WT_ECLOSED);
}

static void messages_without_a_handler_wait_in_the_port(void **state)
{
	struct heard heard;
	wt_worker *worker;

	(void)state;
	start(&worker, BY_RETURN, 3);
	listen(worker, &heard, HEAR_ALL & ~HEAR_MESSAGE);
	run();
	assert_string_equal(heard.events, "ox");
	assert_messages_wait(worker, 3);
	wt_worker_destroy(worker);
}

/* [M5] */
static void a_message_handler_may_come_late(void **state)
{
	struct heard heard;
	wt_worker *worker;

	(void)state;
	start(&worker, BY_TERMINATE, 3);
	listen(worker, &heard, HEAR_ALL & ~HEAR_MESSAGE);
	while (!*heard.events)
		assert_int_equal(wt_run_once(wt_after_ms(20000)), 1);
	assert_string_equal(heard.events, "o");
	wt_worker_on_message(worker, heard_message, &heard);
	while (heard.messages < 3)
		assert_true(wt_run_once(wt_after_ms(20000)) > 0);
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	run();
	assert_string_equal(heard.events, "omx");
	wt_worker_destroy(worker);
}

/* Even after exit: they were held, not lost; but the worker keeps the loop no longer. */
static void a_message_handler_may_come_after_exit(void **state)
{
	struct heard heard;
	wt_worker *worker;

	(void)state;
	start(&worker, BY_RETURN, 3);
	listen(worker, &heard, HEAR_ALL & ~HEAR_MESSAGE);
	run();
	wt_worker_on_message(worker, heard_message, &heard);
	assert_false(wt_loop_alive());
	assert_int_equal(wt_run_once(WT_NOW), 3);
	assert_string_equal(heard.events, "oxm");
	wt_worker_destroy(worker);
}

static void a_message_handler_that_is_removed_holds_messages_back(void **state)
{
	struct heard heard;
	wt_worker *worker;

	(void)state;
	start(&worker, BY_RETURN, 3);
	listen(worker, &heard, HEAR_ALL);
	wt_worker_on_online(worker, unlisten_online, &heard);
	join(worker);
	run();
	assert_string_equal(heard.events, "ox");
	assert_messages_wait(worker, 3);
	wt_worker_destroy(worker);
}

static void a_handler_removed_in_online_loses_no_message_that_was_found_first(void **state)
{
	struct heard heard;
	wt_worker *worker;

	(void)state;
	start_messages_first(&worker, &heard, 3);
	wt_worker_on_online(worker, unlisten_online, &heard);
	run();
	assert_string_equal(heard.events, "ox");
	assert_messages_wait(worker, 3);
	wt_worker_destroy(worker);
}

static void close_note(wt_port *port, void *arg)
{
	(void)port;
	heard_note(arg, 'c');
}

/* [C4] The worker's end closes its port; the creator's end of it cannot be closed. */
static void the_channel_closes_before_exit(void **state)
{
	for (enum ending ending = BY_RETURN; ending < ENDINGS; ending++) {
		struct heard heard;
		wt_worker *worker;

		(void)state;
		start(&worker, ending, 1);
		listen(worker, &heard, HEAR_ALL);
		wt_port_on_close(wt_worker_port(worker), close_note, &heard);
		wt_port_close(wt_worker_port(worker));
		while (!heard.messages)
			assert_true(wt_run_once(wt_after_ms(20000)) > 0);
		if (ending == BY_TERMINATE)
			assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
		run();
		assert_string_equal(heard.events, ending == BY_FAIL ? "omcex" : "omcx");
		assert_int_equal(wt_worker_post(worker, "x", 1), WT_ECLOSED);
		wt_worker_destroy(worker);
	}
}

/* ---- Liveness ---- */

static void ref_and_unref_decide_whether_the_loop_waits(void **state)
{
	struct heard heard;
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_receive, NULL, 0, NULL), 0);
	assert_true(wt_worker_has_ref(worker));
	assert_true(wt_loop_alive());
	wt_worker_unref(worker);
	wt_worker_unref(worker);
	assert_false(wt_worker_has_ref(worker));
	assert_false(wt_loop_alive());
	run();
	wt_worker_ref(worker);
	wt_worker_ref(worker);
	assert_true(wt_worker_has_ref(worker));
	assert_int_equal(wt_worker_post(worker, NULL, 0), 0);
	listen(worker, &heard, HEAR_ALL);
	run();
	assert_string_equal(heard.events, "ox");
	assert_false(wt_worker_has_ref(worker));
	wt_worker_ref(worker); /* its exit was delivered */
	assert_false(wt_worker_has_ref(worker));
	assert_false(wt_loop_alive());
	wt_worker_destroy(worker);
}

static void a_message_handler_does_not_ref_an_unrefd_worker(void **state)
{
	struct heard heard;
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_receive, NULL, 0, NULL), 0);
	wt_worker_unref(worker);
	listen(worker, &heard, HEAR_ALL);
	assert_false(wt_loop_alive());
	wt_worker_destroy(worker);
}

static void an_unrefd_worker_delivers_while_another_keeps_the_loop(void **state)
{
	struct heard quiet, loud;
	wt_worker *unrefd, *refd;

	(void)state;
	start(&unrefd, BY_RETURN, 2);
	join(unrefd);
	wt_worker_unref(unrefd);
	listen(unrefd, &quiet, HEAR_ALL);
	start(&refd, BY_RETURN, 2);
	listen(refd, &loud, HEAR_ALL);
	run();
	assert_string_equal(loud.events, "omx");
	assert_string_equal(quiet.events, "omx");
	wt_worker_destroy(unrefd);
	wt_worker_destroy(refd);
}

static void run_in_exit(wt_worker *worker, int code, void *arg)
{
	(void)worker;
	(void)code;
	*(int *)arg = wt_run();
}

static void the_loop_inside_a_callback_is_busy(void **state)
{
	wt_worker *worker;
	int err = 0;

	(void)state;
	start(&worker, BY_RETURN, 0);
	wt_worker_on_exit(worker, run_in_exit, &err);
	run();
	assert_int_equal(err, WT_EBUSY);
	wt_worker_destroy(worker);
}

struct chain {
	unsigned left;
	wt_worker *worker;
};

static void chain_exit(wt_worker *worker, int code, void *arg)
{
	struct chain *chain = arg;

	(void)code;
	wt_worker_destroy(worker);
	if (!chain->left--)
		return;
	start(&chain->worker, BY_RETURN, 1);
	wt_worker_on_exit(chain->worker, chain_exit, chain);
}

static void an_exit_handler_may_start_the_next_worker(void **state)
{
	struct chain chain = { .left = 50 };

	(void)state;
	start(&chain.worker, BY_RETURN, 1);
	wt_worker_on_exit(chain.worker, chain_exit, &chain);
	run();
	assert_int_equal(chain.left, UINT32_MAX);
}

/* ---- Failures that nobody hears ---- */

enum reader { READ_BY_NOBODY, READ_BY_HANDLER, READ_BY_CALL, READ_TOO_LATE };

static void fail_with(enum reader reader, bool loop, char *text, size_t size)
{
	struct job job = { BY_FAIL, 0 };
	struct heard heard;
	wt_failure failure;
	wt_worker *worker;
	uint64_t id;

	stderr_capture();
	assert_int_equal(wt_worker_create(&worker, entry_job, &job, sizeof job, WT_WORKER_OPTIONS(.name = "doomed")), 0);
	id = wt_worker_id(worker);
	listen(worker, &heard, reader == READ_BY_HANDLER ? HEAR_ALL : HEAR_EXIT);
	join(worker);
	if (reader == READ_BY_CALL)
		assert_int_equal(wt_worker_failure(worker, &failure), 0);
	if (loop)
		run();
	if (reader == READ_TOO_LATE)
		assert_int_equal(wt_worker_failure(worker, &failure), 0);
	wt_worker_destroy(worker);
	stderr_restore(text, size);
	if (loop)
		assert_int_equal(heard.code, 1);
	if (*text) {
		char number[32];

		snprintf(number, sizeof number, "%llu", (unsigned long long)id);
		assert_int_equal(lines(text), 1);
		assert_int_equal(text[strlen(text) - 1], '\n');
		assert_non_null(strstr(text, "doomed"));
		assert_non_null(strstr(text, number));
		assert_non_null(strstr(text, "reason 5"));
		assert_non_null(strstr(text, "17"));
	}
}

/* [W8] */
static void a_failure_that_nobody_hears_is_one_line_on_stderr(void **state)
{
	char text[1024];

	(void)state;
	fail_with(READ_BY_NOBODY, true, text, sizeof text);
	assert_int_equal(lines(text), 1);
	fail_with(READ_BY_NOBODY, false, text, sizeof text);
	assert_int_equal(lines(text), 1);
	fail_with(READ_TOO_LATE, true, text, sizeof text);
	assert_int_equal(lines(text), 1);
}

/* [W8] */
static void a_failure_that_somebody_hears_is_not_printed(void **state)
{
	char text[1024];

	(void)state;
	fail_with(READ_BY_HANDLER, true, text, sizeof text);
	assert_string_equal(text, "");
	fail_with(READ_BY_CALL, true, text, sizeof text);
	assert_string_equal(text, "");
	fail_with(READ_BY_CALL, false, text, sizeof text);
	assert_string_equal(text, "");
}

static struct latch failed, let_end;

static void hold_the_end(void *arg)
{
	(void)arg;
	latch_open(&failed);
	latch_await(&let_end);
}

static int entry_fails_slowly(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	if (wt_defer(hold_the_end, NULL) == 0)
		wt_fail(17, "late");
	return 1;
}

static bool has_written(void *arg)
{
	struct stat file;

	return fstat(*(const int *)arg, &file) == 0 && file.st_size > 0;
}

/* [W8] Its creator has waited, and gone. */
static void a_failure_that_comes_after_the_destroy_is_printed_too(void **state)
{
	wt_worker *worker;
	char text[1024];
	bool written;
	int file;

	(void)state;
	failed = let_end = (struct latch){ 0 };
	stderr_capture();
	file = fileno(stderr_file);
	assert_int_equal(wt_worker_create(&worker, entry_fails_slowly, NULL, 0,
					  WT_WORKER_OPTIONS(.destroy_timeout = 1000000)),
			 0);
	assert_true(latch_await(&failed));
	wt_worker_destroy(worker);
	latch_open(&let_end);
	written = await(has_written, &file);
	stderr_restore(text, sizeof text);
	assert_true(written);
	assert_int_equal(lines(text), 1);
	assert_non_null(strstr(text, "late (17)"));
}

static int entry_fails_in_lines(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	wt_fail(1, "first\nsecond\nthird");
}

/* [W8] */
static void a_failure_of_several_lines_is_still_one(void **state)
{
	char text[1024];
	wt_failure failure;
	wt_worker *worker;

	(void)state;
	stderr_capture();
	assert_int_equal(wt_worker_create(&worker, entry_fails_in_lines, NULL, 0, NULL), 0);
	run();
	stderr_restore(text, sizeof text);
	assert_int_equal(wt_worker_failure(worker, &failure), 0);
	assert_string_equal(failure.message, "first\nsecond\nthird");
	wt_worker_destroy(worker);
	assert_int_equal(lines(text), 1);
}

static void failure_is_for_failed_workers_only(void **state)
{
	(void)state;
	for (enum ending ending = BY_RETURN; ending < ENDINGS; ending++) {
		wt_failure failure = { 5, "untouched" };
		wt_worker *worker;

		start(&worker, BY_TERMINATE, 0);
		assert_int_equal(wt_worker_failure(worker, NULL), WT_EINVAL);
		assert_int_equal(wt_worker_failure(worker, &failure), WT_EAGAIN);
		assert_int_equal(failure.code, 0);
		assert_null(failure.message);
		wt_worker_destroy(worker);
		start(&worker, ending, 0);
		if (ending == BY_TERMINATE)
			assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
		join(worker);
		assert_int_equal(wt_worker_failure(worker, &failure), ending == BY_FAIL ? 0 : WT_EAGAIN);
		assert_int_equal(failure.code, ending == BY_FAIL ? 17 : 0);
		wt_worker_destroy(worker);
	}
}

static void online_is_told_where_the_start_was_terminated(void **state)
{
	struct heard heard;
	wt_worker *worker;

	(void)state;
	for (int round = 0; round < 50; round++) {
		start(&worker, BY_TERMINATE, 0);
		listen(worker, &heard, HEAR_ALL);
		assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
		run();
		assert_string_equal(heard.events, "ox");
		assert_int_equal(heard.code, 1);
		wt_worker_destroy(worker);
	}
}

/* The handlers of one of two workers destroy the other, whose events are ready too. */
static void destroy_other(wt_worker *worker, int code, void *arg)
{
	wt_worker **pair = arg;
	int other = pair[0] == worker;

	(void)code;
	wt_worker_destroy(pair[other]);
	pair[other] = NULL;
}

static void a_callback_may_destroy_another_worker(void **state)
{
	wt_worker *pair[2];

	(void)state;
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 2; i++) {
			start(&pair[i], BY_RETURN, 1);
			wt_worker_on_exit(pair[i], destroy_other, pair);
		}
		if (round % 2) {
			join(pair[0]);
			join(pair[1]);
		}
		run();
		assert_true((pair[0] == NULL) != (pair[1] == NULL));
		wt_worker_destroy(pair[0]);
		wt_worker_destroy(pair[1]);
	}
}

static int post_two_and_stay(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	(void)data;
	(void)size;
	if (wt_port_post(parent, "1", 1) || wt_port_post(parent, "2", 1))
		return 1;
	return wt_port_receive(parent, &message, WT_FOREVER) == WT_ETERMINATED ? 0 : 2;
}

static void destroy_and_stop(wt_worker *worker, wt_message *message, void *arg)
{
	(void)message;
	++*(int *)arg;
	wt_worker_destroy(worker);
	wt_stop();
}

/* The worker is gone when the loop comes back to its port, which is not. */
static void the_loop_runs_on_after_destroy_and_stop_in_a_handler(void **state)
{
	wt_worker *worker;
	int calls = 0;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, post_two_and_stay, NULL, 0, NULL), 0);
	wt_worker_on_message(worker, destroy_and_stop, &calls);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(wt_run(), 0);
	assert_int_equal(calls, 1);
	assert_false(wt_loop_alive());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(events_come_in_order_with_each_set_of_handlers),
		TEST(an_undecodable_message_is_one_event_among_the_messages),
		TEST(all_that_was_posted_comes_before_exit),
		TEST(all_that_a_terminated_worker_posted_comes_before_exit),
		TEST(exit_waits_for_a_hundred_thousand_messages),
		TEST(exit_waits_for_what_a_stalled_post_holds_back),
		TEST(exit_comes_once_and_last),
		TEST(join_consumes_no_event),
		TEST(wt_stop_in_a_callback_holds_the_next_event_back),
		TEST(messages_without_a_handler_wait_in_the_port),
		TEST(a_message_handler_may_come_late),
		TEST(a_message_handler_may_come_after_exit),
		TEST(a_message_handler_that_is_removed_holds_messages_back),
		TEST(the_channel_closes_before_exit),
		TEST(ref_and_unref_decide_whether_the_loop_waits),
		TEST(a_message_handler_does_not_ref_an_unrefd_worker),
		TEST(an_unrefd_worker_delivers_while_another_keeps_the_loop),
		TEST(the_loop_inside_a_callback_is_busy),
		TEST(an_exit_handler_may_start_the_next_worker),
		TEST(a_failure_that_nobody_hears_is_one_line_on_stderr),
		TEST(a_failure_that_somebody_hears_is_not_printed),
		TEST(a_failure_that_comes_after_the_destroy_is_printed_too),
		TEST(a_failure_of_several_lines_is_still_one),
		TEST(failure_is_for_failed_workers_only),
		TEST(online_is_told_where_the_start_was_terminated),
		TEST(a_callback_may_destroy_another_worker),
		/* These leave the thread with a descriptor. */
		TEST(online_comes_first_where_the_message_is_found_first),
		TEST(destroy_in_online_drops_the_message_that_was_found_first),
		TEST(wt_stop_in_online_holds_the_message_back_that_was_found_first),
		TEST(a_handler_removed_in_online_loses_no_message_that_was_found_first),
		TEST(the_loop_runs_on_after_destroy_and_stop_in_a_handler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
