/* SPDX-License-Identifier: MIT
 *
 * A deleter may use the library, wherever it is called: also where a thread or
 * a worker ends, or begins. With AddressSanitizer what is freed too early shows
 * as well.
 */
#include <stdlib.h>
#include <string.h>
#include <wt.h>

#include "support/support.h"

/* ---- A buffer whose deleter does something ---- */

struct act {
	void (*fn)(void);
};

static unsigned deleted;

static void run_act(void *act, void *arg)
{
	(void)arg;
	deleted++;
	((struct act *)act)->fn();
}

/* Send a buffer whose deleter does this. */
static int send_act(wt_port *port, struct act *act)
{
	wt_buffer *buffer;
	int err = wt_buffer_wrap(&buffer, act, sizeof *act, run_act, NULL);

	return err ? err : wt_port_send(port,
					&(wt_outgoing){ .transfer = (wt_transfer[]){ WT_MOVE(&buffer) },
							.transfer_count = 1 },
					WT_NOW);
}

/* Run the entry on a worker; its code. */
static int run_with(wt_entry *entry, const wt_worker_options *options)
{
	wt_worker *worker;
	int code = -1;

	deleted = 0;
	assert_int_equal(wt_worker_create(&worker, entry, NULL, 0, options), 0);
	assert_int_equal(wt_worker_join(worker, &code, wt_after_ms(20000)), 0);
	wt_worker_destroy(worker);
	return code;
}

static int run(wt_entry *entry)
{
	return run_with(entry, NULL);
}

/* ---- Workers that the ending thread has created ---- */

static wt_worker *nested[2];

static void destroy_first(void)
{
	wt_worker_destroy(nested[0]);
}

static void destroy_second(void)
{
	wt_worker_destroy(nested[1]);
}

static struct act first = { destroy_first }, second = { destroy_second };

static int entry_send_its_destroy(wt_port *parent, const void *data, size_t size)
{
	(void)data;
	(void)size;
	return send_act(parent, &first);
}

static int entry_leave_worker(wt_port *parent, const void *data, size_t size)
{
	int err = wt_worker_create(&nested[0], entry_send_its_destroy, NULL, 0, NULL);

	(void)parent;
	(void)data;
	(void)size;
	return err ? err : wt_worker_join(nested[0], NULL, WT_FOREVER);
}

/* The message that the creator never received has it. */
static void a_worker_is_destroyed_once_by_its_creators_end(void **state)
{
	(void)state;
	assert_int_equal(run(entry_leave_worker), 0);
	assert_int_equal(deleted, 1);
}

static int entry_send_two(wt_port *parent, const void *data, size_t size)
{
	int err = wt_port_post(parent, "1", 1);

	(void)data;
	(void)size;
	return err ? err : send_act(parent, &second);
}

static int entry_do_nothing(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return 0;
}

static void destroy_and_exit(wt_worker *worker, wt_message *message, void *arg)
{
	(void)message;
	(void)arg;
	wt_worker_destroy(worker);
	wt_exit(7);
}

static int entry_leave_callback(wt_port *parent, const void *data, size_t size)
{
	int err = wt_worker_create(&nested[0], entry_send_two, NULL, 0, NULL);

	(void)parent;
	(void)data;
	(void)size;
	if (!err)
		err = wt_worker_create(&nested[1], entry_do_nothing, NULL, 0, NULL);
	if (!err)
		err = wt_worker_join(nested[0], NULL, WT_FOREVER);
	if (err)
		return err;
	wt_worker_on_message(nested[0], destroy_and_exit, NULL);
	return wt_run();
}

/* Its callback destroyed the first, and was left; what that had not received destroys the second. */
static void a_worker_is_destroyed_while_another_is(void **state)
{
	(void)state;
	assert_int_equal(run(entry_leave_callback), 7);
	assert_int_equal(deleted, 1);
}

/* ---- What is made at a thread's end ---- */

enum { CHAIN = 40 };

static unsigned made;

static void make_another(void);

static struct act another = { make_another };

/* A port with a buffer whose deleter makes the next one. */
static int make_next(void)
{
	wt_port *near_end, *far_end;
	int err;

	if (made == CHAIN)
		return 0;
	made++;
	err = wt_channel_create(&near_end, &far_end, NULL);
	return err ? err : send_act(near_end, &another);
}

static void make_another(void)
{
	(void)!make_next();
}

static int entry_make(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return make_next();
}

/* [T4] [C4] */
static void what_deleters_make_at_a_threads_end_ends_too(void **state)
{
	(void)state;
	made = 0;
	assert_int_equal(run(entry_make), 0);
	assert_int_equal(made, CHAIN);
	assert_int_equal(deleted, CHAIN);
}

/* ---- What a thread has until its deleters have run ---- */

enum { LIMIT = 1 << 20 };

static struct {
	char *text; /* a block of the worker's heap */
	bool heap, environment;
	int deferred;
} late;

static void never(void *arg)
{
	(void)arg;
	abort();
}

static void look_around(void)
{
	late.heap = !strcmp(late.text, "mine") && wt_alloc(LIMIT / 2) && !wt_alloc(LIMIT / 2);
	late.environment = wt_getenv("LATE") && !strcmp(wt_getenv("LATE"), "yes");
	late.deferred = wt_defer(never, NULL);
}

static struct act looker = { look_around };

/* At the end of the reply: what a port holds, ports having ended, has another round. */
static void leave_looker(void)
{
	wt_port *near_end, *far_end;

	if (wt_channel_create(&near_end, &far_end, NULL) || send_act(near_end, &looker))
		abort();
}

static struct act leaver = { leave_looker };

static void reply_with_leaver(wt_port *port, wt_message *message, void *arg)
{
	wt_buffer *buffer;

	(void)arg;
	if (wt_buffer_wrap(&buffer, &leaver, sizeof leaver, run_act, NULL) ||
	    wt_message_reply(message, &(wt_outgoing){ .transfer = (wt_transfer[]){ WT_MOVE(&buffer) },
						      .transfer_count = 1 }))
		abort();
	wt_port_close(port);
}

static int entry_reply(wt_port *parent, const void *data, size_t size)
{
	(void)data;
	(void)size;
	wt_port_on_message(parent, reply_with_leaver, NULL);
	return wt_run();
}

static int entry_leave_reply(wt_port *parent, const void *data, size_t size)
{
	wt_message reply;
	wt_worker *replier;
	int err = wt_setenv("LATE", "yes");

	(void)parent;
	(void)data;
	(void)size;
	late.text = wt_strdup("mine");
	if (!late.text)
		return 1;
	if (!err)
		err = wt_worker_create(&replier, entry_reply, NULL, 0, NULL);
	return err ? err : wt_port_call(wt_worker_port(replier), &(wt_outgoing){ .size = 0 }, &reply, WT_FOREVER);
}

/* [H1] [H3] One heap with one account, one environment, and no cleanups any more. */
static void a_deleter_at_the_end_has_its_threads_heap_and_environment(void **state)
{
	(void)state;
	assert_int_equal(run_with(entry_leave_reply, WT_WORKER_OPTIONS(.heap_limit = LIMIT)), 0);
	assert_int_equal(deleted, 2);
	assert_true(late.heap);
	assert_true(late.environment);
	assert_int_equal(late.deferred, WT_ENOTSUP);
}

/* ---- A worker that is being created ---- */

static unsigned seen;

static void see(wt_worker *worker, void *arg)
{
	(void)arg;
	seen += worker == nested[0] && wt_worker_id(worker);
}

/* A port goes along whose last message, with the buffer, is still held: that ends with the move. */
static int create_and_drop(struct act *act)
{
	wt_port *near_end, *far_end;
	wt_message message;
	int err = wt_channel_create(&near_end, &far_end, NULL);

	if (!err)
		err = send_act(near_end, act);
	if (!err)
		err = wt_port_receive(far_end, &message, WT_NOW);
	if (!err)
		err = wt_worker_create(&nested[0], entry_do_nothing, NULL, 0,
				       WT_WORKER_OPTIONS(.transfer = (wt_transfer[]){ WT_MOVE(&far_end) },
							 .transfer_count = 1));
	wt_port_close(near_end);
	return err;
}

static void a_worker_may_be_destroyed_by_what_its_create_drops(void **state)
{
	(void)state;
	deleted = seen = 0;
	assert_int_equal(wt_on_worker_created(see, NULL), 0);
	assert_int_equal(create_and_drop(&first), 0);
	assert_int_equal(deleted, 1);
	assert_int_equal(seen, 1);
	wt_off_worker_created(see, NULL);
}

static void exit_unless_main(wt_worker *worker, void *arg)
{
	(void)worker;
	(void)arg;
	if (!wt_is_main_thread())
		wt_exit(7);
}

static int entry_create_and_drop(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return create_and_drop(&first);
}

/* [T4] The hook leaves by a jump; the deleter destroys the worker then. */
static void what_a_create_drops_goes_also_where_a_hook_ends_the_creator(void **state)
{
	(void)state;
	assert_int_equal(wt_on_worker_created(exit_unless_main, NULL), 0);
	assert_int_equal(run(entry_create_and_drop), 7);
	assert_int_equal(deleted, 1);
	wt_off_worker_created(exit_unless_main, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_worker_is_destroyed_once_by_its_creators_end),
		TEST(a_worker_is_destroyed_while_another_is),
		TEST(what_deleters_make_at_a_threads_end_ends_too),
		TEST(a_deleter_at_the_end_has_its_threads_heap_and_environment),
		TEST(a_worker_may_be_destroyed_by_what_its_create_drops),
		TEST(what_a_create_drops_goes_also_where_a_hook_ends_the_creator),
	};

	return cmocka_run_group_tests_name("deleter", tests, NULL, NULL);
}
