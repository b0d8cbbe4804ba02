/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <wt.h>

#include "seam.h"
#include "support/support.h"

/* ---- A program as a script ---- */

/* What a worker's thread did, in order: a letter for each step. One worker at a time uses it. */
static struct {
	char text[256];
	atomic_uint length;
	struct verdict verdict;
	struct latch running, release, waiting;
	wt_failure failure;
	int code_seen;
} trace;

static void trace_note(char letter)
{
	unsigned n = atomic_fetch_add(&trace.length, 1);

	if (n < sizeof trace.text - 1)
		trace.text[n] = letter;
}

static void trace_reset(void)
{
	memset(&trace, 0, sizeof trace);
}

static void note(void *arg)
{
	trace_note(*(const char *)arg);
}

typedef void script_fn(wt_port *parent);

static int entry_script(wt_port *parent, const void *data, size_t size)
{
	(void)size;
	(*(script_fn *const *)data)(parent);
	return 0;
}

/* For a script whose return value is the matter. */
typedef int program_fn(wt_port *parent);

static int entry_program(wt_port *parent, const void *data, size_t size)
{
	(void)size;
	return (*(program_fn *const *)data)(parent);
}

static wt_worker *start_script(script_fn *script)
{
	wt_worker *worker;

	trace_reset();
	assert_int_equal(wt_worker_create(&worker, entry_script, &script, sizeof script, NULL), 0);
	return worker;
}

/* Its code, and in `failure` why it failed; code 0 there when it did not. */
static int finish(wt_worker *worker, wt_failure *failure)
{
	static char message[256];
	wt_failure read = { 0 };
	int code = -1000;

	assert_int_equal(wt_worker_join(worker, &code, wt_after_ms(25000)), 0);
	assert_verdict(&trace.verdict);
	if (wt_worker_failure(worker, &read) == 0) {
		snprintf(message, sizeof message, "%s", read.message);
		read.message = message;
	}
	if (failure)
		*failure = read;
	else
		assert_int_equal(read.code, 0);
	wt_worker_destroy(worker);
	return code;
}

static void must(int err)
{
	CHECK(&trace.verdict, err == 0);
}

/* ---- The code, by rule ---- */

static WT_NORETURN void exit_deep(unsigned depth, int code)
{
	volatile char frame[64];

	frame[0] = (char)depth;
	if (depth)
		exit_deep(depth - (frame[0] == (char)depth), code);
	wt_exit(code);
}

static void set_two(void *arg)
{
	(void)arg;
	wt_set_exit_code(2);
}

static void set_zero(void *arg)
{
	(void)arg;
	wt_set_exit_code(0);
}

static void exit_two(void *arg)
{
	(void)arg;
	wt_exit(2);
}

static void fail_late(void *arg)
{
	(void)arg;
	wt_fail(33, "late");
}

static int return_5(wt_port *parent)
{
	(void)parent;
	return 5;
}

static int return_negative(wt_port *parent)
{
	(void)parent;
	return WT_ENOMEM;
}

static int return_5_after_set_7(wt_port *parent)
{
	(void)parent;
	wt_set_exit_code(7);
	CHECK(&trace.verdict, wt_exit_code() == 7);
	return 5;
}

static int return_0_after_set_7(wt_port *parent)
{
	(void)parent;
	wt_set_exit_code(7);
	return 0;
}

static int exit_5_after_set_7(wt_port *parent)
{
	(void)parent;
	wt_set_exit_code(7);
	wt_exit(5);
}

static int exit_0_after_set_7(wt_port *parent)
{
	(void)parent;
	wt_set_exit_code(7);
	wt_exit(0);
}

static int exit_from_depth(wt_port *parent)
{
	(void)parent;
	exit_deep(1000, 5);
}

static int fail_17(wt_port *parent)
{
	(void)parent;
	wt_fail(17, "%s %d", "reason", 5);
}

static int fail_17_after_set_7(wt_port *parent)
{
	(void)parent;
	wt_set_exit_code(7);
	wt_fail(17, "reason 5");
}

static int handler_sets_2_after_return_5(wt_port *parent)
{
	must(wt_on_exit(set_two, NULL));
	return return_5(parent);
}

static int handler_sets_0_after_return_5(wt_port *parent)
{
	must(wt_on_exit(set_zero, NULL));
	return return_5(parent);
}

static int handler_exits_2_after_exit_5(wt_port *parent)
{
	(void)parent;
	must(wt_on_exit(exit_two, NULL));
	wt_exit(5);
}

static int handler_sets_2_after_fail(wt_port *parent)
{
	must(wt_on_exit(set_two, NULL));
	return fail_17(parent);
}

static int handler_fails_after_return_5(wt_port *parent)
{
	must(wt_on_exit(fail_late, NULL));
	return return_5(parent);
}

static int cleanup_sets_2_after_return_5(wt_port *parent)
{
	must(wt_defer(set_two, NULL));
	return return_5(parent);
}

static int leave_by_pthread_exit(wt_port *parent)
{
	(void)parent;
	pthread_exit((void *)5);
}

static int leave_by_pthread_exit_after_set_7(wt_port *parent)
{
	(void)parent;
	wt_set_exit_code(7);
	pthread_exit(NULL);
}

/* [W3] */
static void exit_code_follows_the_rules(void **state)
{
	static const struct {
		const char *name;
		program_fn *program;
		int code, failure;
	} cases[] = {
		{ "return 5", return_5, 5, 0 },
		{ "return an error", return_negative, WT_ENOMEM, 0 },
		{ "a return beats a set code", return_5_after_set_7, 5, 0 },
		{ "a set code beats return 0", return_0_after_set_7, 7, 0 },
		{ "exit beats a set code", exit_5_after_set_7, 5, 0 },
		{ "exit 0 does so, too", exit_0_after_set_7, 0, 0 },
		{ "exit from deep frames", exit_from_depth, 5, 0 },
		{ "fail", fail_17, 1, 17 },
		{ "fail beats a set code", fail_17_after_set_7, 1, 17 },
		{ "an exit handler has the last word", handler_sets_2_after_return_5, 2, 0 },
		{ "also for 0", handler_sets_0_after_return_5, 0, 0 },
		{ "an exit handler exits", handler_exits_2_after_exit_5, 2, 0 },
		{ "a failure stays one", handler_sets_2_after_fail, 1, 17 },
		{ "an exit handler fails", handler_fails_after_return_5, 1, 33 },
		{ "pthread_exit", leave_by_pthread_exit, 0, 0 },
		{ "pthread_exit after a set code", leave_by_pthread_exit_after_set_7, 7, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		wt_failure failure;
		wt_worker *worker;
		int code;

		trace_reset();
		assert_int_equal(wt_worker_create(&worker, entry_program, &cases[i].program, sizeof(program_fn *), NULL), 0);
		code = finish(worker, &failure);
		if (code != cases[i].code || failure.code != cases[i].failure)
			fail_msg("%s: code %d, failure %d", cases[i].name, code, failure.code);
	}
}

/* The cleanups are no place to decide it: they also run where it is decided already. */
static void a_cleanup_may_still_set_the_code(void **state)
{
	program_fn *program = cleanup_sets_2_after_return_5;
	wt_worker *worker;

	(void)state;
	trace_reset();
	assert_int_equal(wt_worker_create(&worker, entry_program, &program, sizeof program, NULL), 0);
	assert_int_equal(finish(worker, NULL), 2);
}

static void fail_with_code_0(wt_port *parent)
{
	(void)parent;
	wt_fail(0, "zero");
}

static void fail_with_null(wt_port *parent)
{
	(void)parent;
	wt_fail(3, NULL);
}

static void fail_with_much(wt_port *parent)
{
	(void)parent;
	wt_fail(3, "%01000d", 7);
}

static void failure_takes_what_it_is_given(void **state)
{
	wt_failure failure;

	(void)state;
	assert_int_equal(finish(start_script(fail_with_code_0), &failure), 1);
	assert_int_equal(failure.code, WT_EINVAL);
	assert_string_equal(failure.message, "zero");
	assert_int_equal(finish(start_script(fail_with_null), &failure), 1);
	assert_int_equal(failure.code, 3);
	assert_string_equal(failure.message, "");
	assert_int_equal(finish(start_script(fail_with_much), &failure), 1);
	assert_int_equal(strlen(failure.message), 255);
}

/* ---- The failure hook ---- */

static void hook_swallow(wt_failure *failure, void *arg)
{
	CHECK(&trace.verdict, failure->code == 17);
	CHECK(&trace.verdict, strcmp(failure->message, "reason 5") == 0);
	trace_note(*(const char *)arg);
	failure->code = 0;
}

static void hook_change(wt_failure *failure, void *arg)
{
	trace_note(*(const char *)arg);
	failure->code += 1;
}

static void hook_exit(wt_failure *failure, void *arg)
{
	(void)failure;
	trace_note(*(const char *)arg);
	wt_exit(9);
}

static void hook_fail(wt_failure *failure, void *arg)
{
	trace_note(*(const char *)arg);
	wt_fail(failure->code + 3, "%s again: %s", "failed", failure->message);
}

static void swallow(wt_port *parent)
{
	must(wt_on_exit(note, "x"));
	must(wt_defer(note, "d"));
	wt_on_failure(hook_swallow, "h");
	fail_17(parent);
}

static void swallow_after_set_7(wt_port *parent)
{
	wt_set_exit_code(7);
	wt_on_failure(hook_swallow, "h");
	fail_17(parent);
}

static void change(wt_port *parent)
{
	wt_on_failure(hook_swallow, "s");
	wt_on_failure(hook_change, "h");
	fail_17(parent);
}

static void removed(wt_port *parent)
{
	wt_on_failure(hook_swallow, "h");
	wt_on_failure(NULL, NULL);
	fail_17(parent);
}

static void no_failure(wt_port *parent)
{
	(void)parent;
	wt_on_failure(hook_swallow, "h");
	wt_exit(3);
}

static void fail_in_hook(wt_port *parent)
{
	wt_on_failure(hook_fail, "h");
	fail_17(parent);
}

static void exit_in_hook(wt_port *parent)
{
	must(wt_on_exit(note, "x"));
	wt_on_failure(hook_exit, "h");
	fail_17(parent);
}

/* [W3] */
static void failure_hook_swallows_changes_or_lets_pass(void **state)
{
	wt_failure failure;

	(void)state;
	assert_int_equal(finish(start_script(swallow), NULL), 0);
	assert_string_equal(trace.text, "hxd");
	assert_int_equal(finish(start_script(swallow_after_set_7), NULL), 7);
	assert_int_equal(finish(start_script(change), &failure), 1);
	assert_int_equal(failure.code, 18);
	assert_string_equal(trace.text, "h");
	assert_int_equal(finish(start_script(removed), &failure), 1);
	assert_int_equal(failure.code, 17);
	assert_string_equal(trace.text, "");
	assert_int_equal(finish(start_script(no_failure), NULL), 3);
	assert_string_equal(trace.text, "");
}

static void a_failure_in_the_failure_hook_replaces_the_first(void **state)
{
	wt_failure failure;

	(void)state;
	assert_int_equal(finish(start_script(fail_in_hook), &failure), 1);
	assert_int_equal(failure.code, 20);
	assert_string_equal(failure.message, "failed again: reason 5");
	assert_string_equal(trace.text, "h");
}

/* [W3] wt_exit's value comes before that of a failure, which is told all the same. */
static void an_exit_in_the_failure_hook_decides_the_code(void **state)
{
	wt_failure failure;

	(void)state;
	assert_int_equal(finish(start_script(exit_in_hook), &failure), 9);
	assert_int_equal(failure.code, 17);
	assert_string_equal(trace.text, "hx");
}

/* The first failure is the one that is told: what cleanups fail with comes too late, message and all. */
static void fail_then_fail_in_cleanup(wt_port *parent)
{
	must(wt_defer(note, "b"));
	must(wt_defer(fail_late, NULL));
	must(wt_defer(note, "a"));
	fail_17(parent);
}

static void a_failure_in_a_cleanup_leaves_the_first_whole(void **state)
{
	wt_failure failure;

	(void)state;
	assert_int_equal(finish(start_script(fail_then_fail_in_cleanup), &failure), 1);
	assert_string_equal(trace.text, "ab");
	assert_int_equal(failure.code, 17);
	assert_string_equal(failure.message, "reason 5");
}

/* ---- Exit handlers and cleanups ---- */

static void post_note(void *arg)
{
	trace_note(*(const char *)arg);
	must(wt_port_post(wt_parent_port(), arg, 1));
}

static void handlers_and_cleanups(wt_port *parent)
{
	(void)parent;
	must(wt_defer(post_note, "6"));
	must(wt_on_exit(post_note, "3"));
	must(wt_defer(post_note, "5"));
	must(wt_on_exit(post_note, "2"));
	must(wt_on_exit(post_note, "1"));
	must(wt_defer(post_note, "4"));
}

static void handlers_then_exit(wt_port *parent)
{
	handlers_and_cleanups(parent);
	exit_deep(10, 0);
}

static void handlers_then_pthread_exit(wt_port *parent)
{
	handlers_and_cleanups(parent);
	pthread_exit(NULL);
}

/* [W2] What they post is delivered, too. */
static void exit_handlers_then_cleanups_run_last_in_first_out(void **state)
{
	script_fn *scripts[] = { handlers_and_cleanups, handlers_then_exit, handlers_then_pthread_exit };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		wt_worker *worker = start_script(scripts[i]);
		wt_message message;

		for (char digit = '1'; digit <= '6'; digit++) {
			assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, wt_after_ms(20000)), 0);
			assert_int_equal(*(const char *)message.data, digit);
		}
		assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, wt_after_ms(20000)), WT_ECLOSED);
		assert_int_equal(finish(worker, NULL), 0);
		assert_string_equal(trace.text, "123456");
	}
}

static void block(wt_port *parent)
{
	wt_message message;

	latch_open(&trace.running);
	CHECK(&trace.verdict, wt_port_receive(parent, &message, WT_FOREVER) == WT_ETERMINATED);
	CHECK(&trace.verdict, wt_terminating());
}

static void handlers_then_block(wt_port *parent)
{
	handlers_and_cleanups(parent);
	block(parent);
	trace_note('r');
}

/* [W3] */
static void terminate_skips_exit_handlers_but_not_cleanups(void **state)
{
	wt_worker *worker = start_script(handlers_then_block);

	(void)state;
	assert_true(latch_await(&trace.running));
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_int_equal(finish(worker, NULL), 1);
	assert_string_equal(trace.text, "r456");
}

static void fail_then_terminated(wt_port *parent)
{
	wt_on_failure(hook_swallow, "h");
	block(parent);
	wt_fail(17, "reason 5");
}

static void exit_then_terminated(wt_port *parent)
{
	block(parent);
	wt_exit(5);
}

/* [W3] Whatever the worker says after it was told to end. */
static void a_terminated_worker_has_code_1_and_no_failure(void **state)
{
	script_fn *scripts[] = { block, fail_then_terminated, exit_then_terminated };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		wt_worker *worker = start_script(scripts[i]);

		assert_true(latch_await(&trace.running));
		assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
		assert_int_equal(finish(worker, NULL), 1);
		assert_string_equal(trace.text, "");
	}
}

static char letters[27] = "abcdefghijklmnopqrstuvwxyz";

static void many_cleanups(wt_port *parent)
{
	(void)parent;
	for (int i = 0; i < 20; i++)
		must(wt_defer(note, &letters[i]));
}

static void many_cleanups_without_memory(wt_port *parent)
{
	(void)parent;
	support_fail_allocations(1, 0);
	CHECK(&trace.verdict, wt_on_exit(note, "x") == WT_ENOMEM);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 8; i++)
			must(wt_defer(note, &letters[i]));
		CHECK(&trace.verdict, wt_defer(note, "!") == WT_ENOMEM);
		for (int i = 0; i < 4; i++)
			wt_defer_pop(false);
		for (int i = 4; i < 8; i++)
			must(wt_defer(note, &letters[i]));
		CHECK(&trace.verdict, wt_defer(note, "!") == WT_ENOMEM);
		for (int i = 0; round < 2 && i < 8; i++)
			wt_defer_pop(false);
	}
	support_fail_allocations(0, 0);
	must(wt_defer(note, "i")); /* the ninth, with memory again */
}

static void popped_cleanups(wt_port *parent)
{
	(void)parent;
	wt_defer_pop(true); /* none there */
	for (int i = 0; i < 12; i++)
		must(wt_defer(note, &letters[i]));
	wt_defer_pop(true);
	wt_defer_pop(false);
	wt_defer_pop(true);
	trace_note('.');
	for (int i = 0; i < 5; i++)
		wt_defer_pop(false);
	must(wt_defer(note, "z"));
	trace_note('.');
}

static void cleanups_are_as_many_as_memory_allows_and_eight_without(void **state)
{
	(void)state;
	assert_int_equal(finish(start_script(many_cleanups), NULL), 0);
	assert_string_equal(trace.text, "tsrqponmlkjihgfedcba");
	assert_int_equal(finish(start_script(many_cleanups_without_memory), NULL), 0);
	assert_string_equal(trace.text, "ihgfedcba");
	assert_int_equal(finish(start_script(popped_cleanups), NULL), 0);
	assert_string_equal(trace.text, "lj..zdcba");
}

static void defer_in_a_final(void *arg)
{
	note(arg);
	must(wt_defer(note, "n"));
	if (wt_on_exit(note, "m"))
		trace_note('!');
}

static void finals_add_finals(wt_port *parent)
{
	(void)parent;
	must(wt_on_exit(defer_in_a_final, "x"));
	must(wt_defer(note, "d"));
}

static void add_exit_handler(void *arg)
{
	note(arg);
	CHECK(&trace.verdict, wt_on_exit(note, "!") == WT_ENOTSUP);
}

static void cleanup_adds_exit_handler(wt_port *parent)
{
	(void)parent;
	must(wt_defer(add_exit_handler, "d"));
}

static void a_cleanup_comes_too_late_to_add_an_exit_handler(void **state)
{
	(void)state;
	assert_int_equal(finish(start_script(cleanup_adds_exit_handler), NULL), 0);
	assert_string_equal(trace.text, "d");
}

static void an_exit_handler_may_add_handlers_and_cleanups(void **state)
{
	(void)state;
	assert_int_equal(finish(start_script(finals_add_finals), NULL), 0);
	assert_string_equal(trace.text, "xmnd");
}

static void jump_by_exit(void *arg)
{
	note(arg);
	exit_deep(3, 4);
}

static void jump_by_fail(void *arg)
{
	note(arg);
	wt_fail(33, "late");
}

static void jump_by_pthread_exit(void *arg)
{
	note(arg);
	pthread_exit(NULL);
}

static void jumps_in_finals(wt_port *parent)
{
	(void)parent;
	must(wt_defer(note, "4"));
	must(wt_defer(jump_by_exit, "3"));
	must(wt_defer(jump_by_exit, "2"));
	must(wt_defer(note, "1"));
	must(wt_on_exit(note, "d"));
	must(wt_on_exit(jump_by_exit, "c"));
	must(wt_on_exit(jump_by_exit, "b"));
	must(wt_on_exit(note, "a"));
}

static void failing_finals(wt_port *parent)
{
	(void)parent;
	must(wt_on_exit(note, "c"));
	must(wt_on_exit(jump_by_fail, "b"));
	must(wt_on_exit(note, "a"));
}

static void pthread_exit_in_a_handler(wt_port *parent)
{
	(void)parent;
	must(wt_defer(note, "d"));
	must(wt_on_exit(note, "c"));
	must(wt_on_exit(jump_by_pthread_exit, "b"));
	must(wt_on_exit(note, "a"));
}

static void pthread_exit_in_a_cleanup(wt_port *parent)
{
	(void)parent;
	must(wt_defer(note, "c"));
	must(wt_defer(jump_by_pthread_exit, "b"));
	must(wt_defer(note, "a"));
}

/* Each phase goes on with what is left of it. */
static void a_jump_out_of_a_handler_or_cleanup_skips_none_of_the_others(void **state)
{
	wt_failure failure;

	(void)state;
	assert_int_equal(finish(start_script(jumps_in_finals), NULL), 4);
	assert_string_equal(trace.text, "abcd1234");
	assert_int_equal(finish(start_script(failing_finals), &failure), 1);
	assert_string_equal(trace.text, "abc");
	assert_int_equal(failure.code, 33);
	assert_string_equal(failure.message, "late");
}

static void pthread_exit_in_a_handler_or_cleanup_skips_none_of_the_others(void **state)
{
	(void)state;
	assert_int_equal(finish(start_script(pthread_exit_in_a_handler), NULL), 0);
	assert_string_equal(trace.text, "abcd");
	assert_int_equal(finish(start_script(pthread_exit_in_a_cleanup), NULL), 0);
	assert_string_equal(trace.text, "abc");
}

static void jumps_after_pthread_exit(wt_port *parent)
{
	jumps_in_finals(parent);
	pthread_exit(NULL);
}

static void jumps_work_after_pthread_exit_too(void **state)
{
	(void)state;
	assert_int_equal(finish(start_script(jumps_after_pthread_exit), NULL), 4);
	assert_string_equal(trace.text, "abcd1234");
}

static void code_in_handler(void *arg)
{
	(void)arg;
	trace.code_seen = wt_exit_code();
}

static void asks_code(wt_port *parent)
{
	(void)parent;
	must(wt_on_exit(code_in_handler, NULL));
	wt_exit(6);
}

static void an_exit_handler_sees_the_code(void **state)
{
	(void)state;
	assert_int_equal(finish(start_script(asks_code), NULL), 6);
	assert_int_equal(trace.code_seen, 6);
}

/* ---- Leaving from event callbacks ---- */

static void exit_on_message(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	(void)arg;
	trace_note('m');
	exit_deep(5, 8);
}

static void exit_in_message(wt_port *parent)
{
	must(wt_defer(note, "d"));
	must(wt_on_exit(note, "x"));
	wt_port_on_message(parent, exit_on_message, NULL);
	must(wt_run());
	trace_note('!');
}

static int entry_nothing(wt_port *parent, const void *data, size_t size)
{
	(void)data;
	(void)size;
	return wt_port_post(parent, "hello", 5);
}

static void exit_on_nested_online(wt_worker *worker, void *arg)
{
	(void)worker;
	(void)arg;
	exit_deep(5, 8);
}

static void exit_on_nested_message(wt_worker *worker, wt_message *message, void *arg)
{
	(void)message;
	(void)arg;
	wt_worker_destroy(worker); /* pending when we leave */
	exit_deep(5, 8);
}

static void exit_on_nested_exit(wt_worker *worker, int code, void *arg)
{
	(void)worker;
	(void)arg;
	wt_exit(code + 8);
}

static void run_nested(void (*online)(wt_worker *, void *), void (*message)(wt_worker *, wt_message *, void *),
		       void (*on_exit)(wt_worker *, int, void *))
{
	wt_worker *worker;

	must(wt_worker_create(&worker, entry_nothing, NULL, 0, NULL));
	wt_worker_on_online(worker, online, NULL);
	wt_worker_on_message(worker, message, NULL);
	wt_worker_on_exit(worker, on_exit, NULL);
	must(wt_run());
	trace_note('!');
}

static void exit_in_nested_online(wt_port *parent)
{
	(void)parent;
	run_nested(exit_on_nested_online, NULL, NULL);
}

static void exit_in_nested_message(wt_port *parent)
{
	(void)parent;
	run_nested(NULL, exit_on_nested_message, NULL);
}

static void exit_in_nested_exit(wt_port *parent)
{
	(void)parent;
	run_nested(NULL, NULL, exit_on_nested_exit);
}

static void drained_exit(wt_port *port, wt_message *message, void *arg)
{
	exit_on_message(port, message, arg);
}

static void exit_in_drain(wt_port *parent)
{
	wt_message message;

	must(wt_port_receive(parent, &message, WT_FOREVER));
	/* The second message may not be there yet; drain does not wait for it. */
	for (;;)
		must(wt_port_drain(parent, drained_exit, NULL, 0, NULL));
}

static void a_worker_may_exit_from_an_event_callback(void **state)
{
	script_fn *scripts[] = { exit_in_message, exit_in_nested_online, exit_in_nested_message, exit_in_nested_exit,
			      exit_in_drain };
	const char *traces[] = { "mxd", "", "", "", "m" };

	(void)state;
	support_count();
	for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
		long before = atomic_load(&support_counts.bytes);
		wt_worker *worker = start_script(scripts[i]);

		assert_int_equal(wt_worker_post(worker, "1", 1), 0);
		if (wt_worker_post(worker, "2", 1)) /* the first one may have ended it */
			assert_int_equal(i, 0);
		assert_int_equal(finish(worker, NULL), 8);
		assert_string_equal(trace.text, traces[i]);
		assert_int_equal(atomic_load(&support_counts.bytes), before);
	}
}

static void fail_on_message(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)arg;
	wt_fail(17, "on %.*s", (int)message->size, (const char *)message->data);
}

static void pthread_exit_on_message(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	(void)arg;
	pthread_exit(NULL);
}

static void checkpoint_on_message(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	(void)arg;
	latch_open(&trace.running);
	for (;;)
		wt_checkpoint();
}

static void fail_in_message(wt_port *parent)
{
	must(wt_on_exit(note, "x"));
	wt_port_on_message(parent, fail_on_message, NULL);
	must(wt_run());
}

static void pthread_exit_in_message(wt_port *parent)
{
	must(wt_on_exit(note, "x"));
	wt_port_on_message(parent, pthread_exit_on_message, NULL);
	must(wt_run());
}

static void checkpoint_in_message(wt_port *parent)
{
	must(wt_on_exit(note, "x"));
	must(wt_defer(note, "d"));
	wt_port_on_message(parent, checkpoint_on_message, NULL);
	must(wt_run());
}

static void a_worker_may_leave_an_event_callback_in_other_ways(void **state)
{
	wt_failure failure;
	wt_worker *worker = start_script(fail_in_message);

	(void)state;
	assert_int_equal(wt_worker_post(worker, "1", 1), 0);
	assert_int_equal(finish(worker, &failure), 1);
	assert_string_equal(failure.message, "on 1");
	assert_string_equal(trace.text, "x");
	worker = start_script(pthread_exit_in_message);
	assert_int_equal(wt_worker_post(worker, "1", 1), 0);
	assert_int_equal(finish(worker, NULL), 0);
	assert_string_equal(trace.text, "x");
	worker = start_script(checkpoint_in_message);
	assert_int_equal(wt_worker_post(worker, "1", 1), 0);
	assert_true(latch_await(&trace.running));
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_int_equal(finish(worker, NULL), 1);
	assert_string_equal(trace.text, "d");
}

/* A loop that was left by a jump is over: a handler may run it again, and finds what waits. */
static void loop_in_handler(void *arg)
{
	wt_message message;
	wt_worker *worker;

	(void)arg;
	must(wt_port_receive(wt_parent_port(), &message, WT_NOW));
	CHECK(&trace.verdict, message.size == 1 && *(const char *)message.data == '2');
	wt_port_on_message(wt_parent_port(), NULL, NULL);
	must(wt_worker_create(&worker, entry_nothing, NULL, 0, NULL));
	must(wt_run());
	trace_note('x');
}

static void exit_in_message_then_loop(wt_port *parent)
{
	must(wt_on_exit(loop_in_handler, NULL));
	CHECK(&trace.verdict, latch_await(&trace.release));
	wt_port_on_message(parent, exit_on_message, NULL);
	must(wt_run());
}

static void an_exit_handler_may_run_the_loop_that_was_left(void **state)
{
	wt_worker *worker = start_script(exit_in_message_then_loop);

	(void)state;
	assert_int_equal(wt_worker_post(worker, "1", 1), 0);
	assert_int_equal(wt_worker_post(worker, "2", 1), 0);
	latch_open(&trace.release);
	assert_int_equal(finish(worker, NULL), 8);
	assert_string_equal(trace.text, "mx");
}

/* ---- Terminate ---- */

/* Workers end by themselves while they are told to end: whoever wins, all that can be seen agrees. */
static struct {
	atomic_int handlers, cleanups, exits;
	int exit_code;
} race;

static void race_count(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

static int entry_race(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)size;
	must(wt_on_exit(race_count, &race.handlers));
	must(wt_defer(race_count, &race.cleanups));
	latch_open(&trace.running);
	for (unsigned i = *(const unsigned *)data; i; i--)
		atomic_thread_fence(memory_order_seq_cst);
	return 5;
}

static void race_exit(wt_worker *worker, int code, void *arg)
{
	(void)worker;
	(void)arg;
	race.exits++;
	race.exit_code = code;
}

/* [W1] [W3] */
static void terminate_races_return(void **state)
{
	unsigned rounds = support_slowdown() > 1 ? 500 : 2000;
	uint64_t random = support_seed();

	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		unsigned pauses = (unsigned)(support_random(&random) % 200);
		unsigned delay = (unsigned)(support_random(&random) % 200);
		wt_worker *worker;
		int code = -1;

		trace_reset();
		memset(&race, 0, sizeof race);
		assert_int_equal(wt_worker_create(&worker, entry_race, &pauses, sizeof pauses, NULL), 0);
		wt_worker_on_exit(worker, race_exit, NULL);
		while (i % 8 && !latch_is_open(&trace.running)) /* now and then before it began */
			;
		for (; delay; delay--)
			atomic_thread_fence(memory_order_seq_cst);
		assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
		assert_int_equal(wt_worker_join(worker, &code, WT_NOW), 0);
		assert_true(code == 5 || code == 1);
		assert_int_equal(race.handlers, code == 5);
		if (i % 8)
			assert_int_equal(race.cleanups, 1);
		assert_int_equal(wt_run(), 0);
		assert_int_equal(race.exits, 1);
		assert_int_equal(race.exit_code, code);
		assert_int_equal(wt_worker_failure(worker, &(wt_failure){ 0 }), WT_EAGAIN);
		wt_worker_destroy(worker);
		assert_verdict(&trace.verdict);
	}
}

static void compute(wt_port *parent)
{
	(void)parent;
	must(wt_defer(note, "d"));
	must(wt_on_exit(note, "x"));
	latch_open(&trace.running);
	for (volatile unsigned long i = 0;; i++)
		wt_checkpoint();
}

static void checkpoint_in_a_final(void *arg)
{
	note(arg);
	wt_checkpoint();
	trace_note('!');
}

static void compute_with_checkpoints_in_cleanups(wt_port *parent)
{
	must(wt_defer(checkpoint_in_a_final, "b"));
	must(wt_defer(checkpoint_in_a_final, "a"));
	compute(parent);
}

static void checkpoint_ends_a_computing_loop(void **state)
{
	wt_worker *worker = start_script(compute);

	(void)state;
	assert_true(latch_await(&trace.running));
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_int_equal(finish(worker, NULL), 1);
	assert_string_equal(trace.text, "d");
	worker = start_script(compute_with_checkpoints_in_cleanups);
	assert_true(latch_await(&trace.running));
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_int_equal(finish(worker, NULL), 1);
	assert_string_equal(trace.text, "dab");
}

static void checkpoint_and_go(wt_port *parent)
{
	(void)parent;
	wt_checkpoint();
	CHECK(&trace.verdict, !wt_terminating());
	trace_note('!');
}

static void checkpoint_lets_a_running_worker_be(void **state)
{
	(void)state;
	assert_int_equal(finish(start_script(checkpoint_and_go), NULL), 0);
	assert_string_equal(trace.text, "!");
}

/* Calls that wait, one for each script; all are told to end while they do. */
static void wait_in_receive(wt_port *parent)
{
	wt_message message;

	latch_open(&trace.waiting);
	CHECK(&trace.verdict, wt_port_receive(parent, &message, WT_FOREVER) == WT_ETERMINATED);
	CHECK(&trace.verdict, !message.data && !message.size);
}

static void wait_in_timed_receive(wt_port *parent)
{
	wt_message message;

	latch_open(&trace.waiting);
	CHECK(&trace.verdict, wt_port_receive(parent, &message, wt_after_ms(60000)) == WT_ETERMINATED);
}

static void wait_in_send(wt_port *parent)
{
	char large[400] = "";
	wt_outgoing message = { .data = large, .size = sizeof large };
	int err = 0;

	latch_open(&trace.waiting);
	while (!err)
		err = wt_port_send(parent, &message, WT_FOREVER);
	CHECK(&trace.verdict, err == WT_ETERMINATED);
}

static int entry_receive(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	(void)data;
	(void)size;
	return wt_port_receive(parent, &message, WT_FOREVER);
}

static void wait_in_join(wt_port *parent)
{
	wt_worker *nested;

	(void)parent;
	must(wt_worker_create(&nested, entry_receive, NULL, 0, NULL));
	latch_open(&trace.waiting);
	CHECK(&trace.verdict, wt_worker_join(nested, NULL, WT_FOREVER) == WT_ETERMINATED);
	CHECK(&trace.verdict, wt_worker_create(&(wt_worker *){ NULL }, entry_receive, NULL, 0, NULL) == WT_ETERMINATED);
}

static void ignore_message(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	(void)arg;
}

static void wait_in_run(wt_port *parent)
{
	wt_port_on_message(parent, ignore_message, NULL);
	latch_open(&trace.waiting);
	CHECK(&trace.verdict, wt_run() == WT_ETERMINATED);
	CHECK(&trace.verdict, wt_run() == WT_ETERMINATED);
}

static void wait_in_run_once(wt_port *parent)
{
	wt_port_on_message(parent, ignore_message, NULL);
	latch_open(&trace.waiting);
	CHECK(&trace.verdict, wt_run_once(WT_FOREVER) == WT_ETERMINATED);
	CHECK(&trace.verdict, wt_run_once(WT_NOW) == WT_ETERMINATED);
}

static void message_in_a_computing_loop(wt_port *port, wt_message *message, void *arg)
{
	(void)message;
	(void)arg;
	must(wt_port_post(port, "x", 1)); /* nobody reads it: the loop has work, for the creator posts on */
}

static void busy_in_run(wt_port *parent)
{
	wt_port *a, *b;

	(void)parent;
	must(wt_channel_create(&a, &b, NULL));
	wt_port_on_message(a, message_in_a_computing_loop, NULL);
	wt_port_on_message(b, message_in_a_computing_loop, NULL);
	must(wt_port_post(a, "x", 1));
	latch_open(&trace.waiting);
	CHECK(&trace.verdict, wt_run() == WT_ETERMINATED);
}

static void wait_in_sleep(wt_port *parent)
{
	(void)parent;
	latch_open(&trace.waiting);
	CHECK(&trace.verdict, wt_sleep(WT_FOREVER) == WT_ETERMINATED);
}

static void wait_at_a_cell(wt_port *parent)
{
	static uint64_t cell;

	(void)parent;
	latch_open(&trace.waiting);
	CHECK(&trace.verdict, wt_wait64(&cell, 0, WT_FOREVER) == WT_ETERMINATED);
	CHECK(&trace.verdict, wt_wait64(&cell, 1, WT_FOREVER) == WT_ETERMINATED);
}

static script_fn *waits[] = { wait_in_receive,   wait_in_timed_receive, wait_in_send,	wait_in_join,	wait_in_run,
			      wait_in_run_once, wait_in_sleep,		wait_at_a_cell, busy_in_run };

enum { WAITS = sizeof waits / sizeof *waits };

/* How a worker's thread stands; 'S' when it sleeps. */
static bool thread_sleeps(void *arg)
{
	char path[64], line[128] = "";
	const char *after;
	FILE *file;

	snprintf(path, sizeof path, "/proc/self/task/%d/stat", *(int *)arg);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(line, sizeof line, file))
		line[0] = '\0';
	fclose(file);
	after = strrchr(line, ')');
	return after && after[1] == ' ' && after[2] == 'S';
}

static int wait_tid;

static int entry_wait(wt_port *parent, const void *data, size_t size)
{
	(void)size;
	wait_tid = (int)syscall(SYS_gettid);
	latch_open(&trace.running);
	CHECK(&trace.verdict, latch_await(&trace.release));
	(*(script_fn *const *)data)(parent);
	trace_note('r');
	return 0;
}

/* [W5] The handlers of the loops that are busy never sleep; the others are asleep before they are told. */
static void terminate_reaches_every_call_that_waits(void **state)
{
	(void)state;
	for (int i = 0; i < 3 * WAITS; i++) {
		script_fn *script = waits[i % WAITS];
		wt_worker *worker;
		wt_time before;

		trace_reset();
		assert_int_equal(wt_worker_create(&worker, entry_wait, &script, sizeof script,
						  WT_WORKER_OPTIONS(.channel = WT_CHANNEL_OPTIONS(.limit = 4096))),
				 0);
		assert_true(latch_await(&trace.running));
		latch_open(&trace.release);
		assert_true(latch_await(&trace.waiting));
		if (script != busy_in_run)
			assert_true(await(thread_sleeps, &wait_tid));
		before = wt_now();
		assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
		assert_true(wt_now() - before < PROMPTLY);
		assert_int_equal(finish(worker, NULL), 1);
		assert_string_equal(trace.text, "r");
	}
}

/* Told to end between two steps of going to sleep. */
static enum wti_yield_point terminate_at;
static wt_worker *_Atomic terminate_whom;

static void terminate_here(enum wti_yield_point point, void *object)
{
	wt_worker *worker = atomic_load(&terminate_whom);

	(void)object;
	if (point != terminate_at || !worker || wt_thread_id() != wt_worker_id(worker))
		return;
	if (!atomic_compare_exchange_strong(&terminate_whom, &worker, NULL))
		return;
	wti_worker_stop(worker);
}

static void terminate_is_heard_on_the_way_to_sleep(void **state)
{
	static const enum wti_yield_point points[] = { WTI_YIELD_BEFORE_ARM, WTI_YIELD_ARMED };

	(void)state;
	for (int i = 0; i < 2 * WAITS; i++) {
		script_fn *script = waits[i % WAITS];
		wt_worker *worker;

		if (script == busy_in_run)
			continue;
		trace_reset();
		terminate_at = points[i / WAITS];
		wti_yield_hook = terminate_here;
		assert_int_equal(wt_worker_create(&worker, entry_wait, &script, sizeof script,
						  WT_WORKER_OPTIONS(.channel = WT_CHANNEL_OPTIONS(.limit = 4096))),
				 0);
		atomic_store(&terminate_whom, worker);
		latch_open(&trace.release);
		assert_int_equal(finish(worker, NULL), 1);
		wti_yield_hook = NULL;
		assert_string_equal(trace.text, "r");
		assert_null(atomic_load(&terminate_whom));
	}
}

static void never_drained(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	(void)arg;
	trace_note('!');
}

static void never_runs(void *arg)
{
	(void)arg;
	trace_note('!');
}

/* Also where it would not have to wait: the message is there, the lock free, the cell another. */
static void wait_in_vain(wt_port *a, wt_port *b, wt_worker *nested)
{
	static _Atomic(uint32_t) cell;
	wt_message reply;
	wt_lock *lock;
	size_t count;

	CHECK(&trace.verdict, wt_port_drain(b, NULL, NULL, 0, &count) == WT_EINVAL);
	CHECK(&trace.verdict, wt_port_drain(b, never_drained, NULL, 0, &count) == WT_ETERMINATED && !count);
	CHECK(&trace.verdict, wt_select(&b, 1, &count, WT_FOREVER) == WT_ETERMINATED);
	CHECK(&trace.verdict, wt_port_call(wt_worker_port(nested), &(wt_outgoing){ .data = "x", .size = 1 }, &reply,
					   WT_FOREVER) == WT_ETERMINATED);
	CHECK(&trace.verdict, wt_lock_acquire(&lock, "free", 4, NULL, WT_FOREVER) == WT_ETERMINATED && !lock);
	CHECK(&trace.verdict, wt_wait32(&cell, 1, WT_FOREVER) == WT_ETERMINATED);
	CHECK(&trace.verdict, wt_post_to_thread(0, &(wt_outgoing){ .data = "x", .size = 1 }, WT_FOREVER) == WT_ETERMINATED);
	CHECK(&trace.verdict, wt_worker_terminate(nested, WT_FOREVER) == WT_ETERMINATED);
	must(wt_port_post(a, "y", 1));
}

/* In the cleanups of a terminated worker posts work, and nothing waits. */
static void cleanup_of_a_terminated_worker(void *arg)
{
	wt_port *parent = wt_parent_port();
	wt_port *a, *b;
	wt_worker *nested = *(wt_worker **)arg, *none;
	wt_message message;
	static char large[8192];
	wt_outgoing outgoing = { .data = large, .size = 400 };
	int err = 0;

	CHECK(&trace.verdict, wt_terminating());
	must(wt_port_post(parent, "last words", 10));
	CHECK(&trace.verdict, wt_port_receive(parent, &message, WT_FOREVER) == WT_ETERMINATED);
	CHECK(&trace.verdict, wt_port_receive(parent, &message, WT_NOW) == WT_ETERMINATED);
	CHECK(&trace.verdict, wt_run() == WT_ETERMINATED);
	CHECK(&trace.verdict, wt_run_once(WT_FOREVER) == WT_ETERMINATED);
	CHECK(&trace.verdict, wt_sleep(WT_FOREVER) == WT_ETERMINATED);
	CHECK(&trace.verdict, wt_interruptible(never_runs, NULL) == WT_ETERMINATED);
	CHECK(&trace.verdict, wt_worker_join(nested, NULL, WT_FOREVER) == WT_ETERMINATED);
	CHECK(&trace.verdict, wt_worker_create(&none, entry_receive, NULL, 0, NULL) == WT_ETERMINATED && !none);
	while (!err)
		err = wt_port_send(wt_worker_port(nested), &outgoing, WT_FOREVER);
	CHECK(&trace.verdict, err == WT_ETERMINATED);
	must(wt_channel_create(&a, &b, NULL));
	must(wt_port_post(a, "x", 1));
	CHECK(&trace.verdict, wt_port_receive(b, &message, WT_FOREVER) == WT_ETERMINATED);
	wait_in_vain(a, b, nested);
	wt_port_close(a);
	wt_worker_destroy(nested);
	trace_note('c');
}

static int entry_deaf(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	CHECK(&trace.verdict, latch_await(&trace.release));
	return 0;
}

static void block_with_cleanup(wt_port *parent)
{
	static wt_worker *nested; /* the cleanup outlives the frame */

	(void)parent;
	must(wt_worker_create(&nested, entry_deaf, NULL, 0,
			      WT_WORKER_OPTIONS(.destroy_timeout = 1000000,
						.channel = WT_CHANNEL_OPTIONS(.limit = 4096))));
	must(wt_defer(cleanup_of_a_terminated_worker, &nested));
	block(parent);
	wt_checkpoint();
}

static bool allocated_only(void *arg)
{
	return atomic_load(&support_counts.bytes) == *(long *)arg;
}

static void cleanups_of_a_terminated_worker_post_and_do_not_wait(void **state)
{
	wt_worker *worker;
	wt_message message;
	long before;

	(void)state;
	support_count();
	before = atomic_load(&support_counts.bytes);
	worker = start_script(block_with_cleanup);
	assert_true(latch_await(&trace.running));
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, WT_NOW), 0);
	assert_int_equal(message.size, 10);
	assert_memory_equal(message.data, "last words", 10);
	assert_int_equal(finish(worker, NULL), 1);
	assert_string_equal(trace.text, "c");
	latch_open(&trace.release); /* the nested worker is a zombie until now */
	assert_true(await(allocated_only, &before));
	assert_verdict(&trace.verdict);
}

static void handler_waits(void *arg)
{
	wt_message message;

	(void)arg;
	latch_open(&trace.running);
	CHECK(&trace.verdict, wt_port_receive(wt_parent_port(), &message, WT_FOREVER) == WT_ETERMINATED);
	trace_note('w');
}

static void wait_in_an_exit_handler(wt_port *parent)
{
	(void)parent;
	must(wt_on_exit(note, "x"));
	must(wt_on_exit(handler_waits, NULL));
	wt_exit(5);
}

/* [W3] Too late to decide the code, in time to end a handler that waits. */
static void terminate_ends_an_exit_handler_that_waits(void **state)
{
	wt_worker *worker = start_script(wait_in_an_exit_handler);

	(void)state;
	assert_true(latch_await(&trace.running));
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_int_equal(finish(worker, NULL), 5);
	assert_string_equal(trace.text, "wx");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(exit_code_follows_the_rules),
		TEST(a_cleanup_may_still_set_the_code),
		TEST(failure_takes_what_it_is_given),
		TEST(failure_hook_swallows_changes_or_lets_pass),
		TEST(a_failure_in_the_failure_hook_replaces_the_first),
		TEST(an_exit_in_the_failure_hook_decides_the_code),
		TEST(a_failure_in_a_cleanup_leaves_the_first_whole),
		TEST(exit_handlers_then_cleanups_run_last_in_first_out),
		TEST(terminate_skips_exit_handlers_but_not_cleanups),
		TEST(a_terminated_worker_has_code_1_and_no_failure),
		TEST(cleanups_are_as_many_as_memory_allows_and_eight_without),
		TEST(an_exit_handler_may_add_handlers_and_cleanups),
		TEST(a_cleanup_comes_too_late_to_add_an_exit_handler),
		TEST(a_jump_out_of_a_handler_or_cleanup_skips_none_of_the_others),
		TEST(pthread_exit_in_a_handler_or_cleanup_skips_none_of_the_others),
		TEST(jumps_work_after_pthread_exit_too),
		TEST(an_exit_handler_sees_the_code),
		TEST(a_worker_may_exit_from_an_event_callback),
		TEST(a_worker_may_leave_an_event_callback_in_other_ways),
		TEST(an_exit_handler_may_run_the_loop_that_was_left),
		TEST(terminate_races_return),
		TEST(checkpoint_ends_a_computing_loop),
		TEST(checkpoint_lets_a_running_worker_be),
		TEST(terminate_reaches_every_call_that_waits),
		TEST(terminate_is_heard_on_the_way_to_sleep),
		TEST(cleanups_of_a_terminated_worker_post_and_do_not_wait),
		TEST(terminate_ends_an_exit_handler_that_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
