/* SPDX-License-Identifier: MIT
 *
 * A deleter may use the library, wherever it is called: also where a thread or
 * a worker ends, or begins. With AddressSanitizer what is freed too early shows
 * as well.
 */
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
static int run(wt_entry *entry)
{
	wt_worker *worker;
	int code = -1;

	deleted = 0;
	assert_int_equal(wt_worker_create(&worker, entry, NULL, 0, NULL), 0);
	assert_int_equal(wt_worker_join(worker, &code, wt_after_ms(20000)), 0);
	wt_worker_destroy(worker);
	return code;
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

/* ---- A worker that is being created ---- */

static unsigned seen;

static void see(wt_worker *worker, void *arg)
{
	(void)arg;
	seen += worker == nested[0] && wt_worker_id(worker);
}

/* A port goes along whose last message, with the buffer, is still held: that ends with the move. */
static void a_worker_may_be_destroyed_by_what_its_create_drops(void **state)
{
	wt_port *near_end, *far_end;
	wt_message message;

	(void)state;
	deleted = seen = 0;
	assert_int_equal(wt_on_worker_created(see, NULL), 0);
	assert_int_equal(wt_channel_create(&near_end, &far_end, NULL), 0);
	assert_int_equal(send_act(near_end, &first), 0);
	assert_int_equal(wt_port_receive(far_end, &message, WT_NOW), 0);
	assert_int_equal(wt_worker_create(&nested[0], entry_do_nothing, NULL, 0,
					  WT_WORKER_OPTIONS(.transfer = (wt_transfer[]){ WT_MOVE(&far_end) },
							    .transfer_count = 1)),
			 0);
	assert_int_equal(deleted, 1);
	assert_int_equal(seen, 1);
	wt_off_worker_created(see, NULL);
	wt_port_close(near_end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_worker_is_destroyed_once_by_its_creators_end),
		TEST(a_worker_is_destroyed_while_another_is),
		TEST(what_deleters_make_at_a_threads_end_ends_too),
		TEST(a_worker_may_be_destroyed_by_what_its_create_drops),
	};

	return cmocka_run_group_tests_name("deleter", tests, NULL, NULL);
}
