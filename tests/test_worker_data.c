/* SPDX-License-Identifier: MIT
 *
 * What goes along with workerData.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wt.h>

#include "os.h"
#include "seam.h"
#include "support/support.h"
#include "support/transfer.h"

/* What the worker of a test is told, and says. */
struct task {
	int way;
	struct latch begun, go;
	wt_shared *shared; /* what it should find */
	struct deleted deleted;
	wt_time deadline;
	struct verdict verdict;
};

static struct task task;

static void task_begin(int way)
{
	memset(&task, 0, sizeof task);
	task.way = way;
}

static int create_with(wt_worker **worker, wt_entry *entry, const wt_transfer *list, size_t count)
{
	return wt_worker_create(worker, entry, "data", 4, WT_WORKER_OPTIONS(.transfer = list, .transfer_count = count));
}

static int join_and_destroy(wt_worker *worker)
{
	int code = -1000;

	assert_int_equal(wt_worker_join(worker, &code, wt_after_ms(20000)), 0);
	wt_worker_destroy(worker);
	assert_verdict(&task.verdict);
	return code;
}

/* ---- Taking ---- */

static void take_two(struct ten_things *things, int i)
{
	static const size_t port_at[] = { 1, 6 }, sender_at[] = { 2, 7 }, fd_at[] = { 3, 8 };

	CHECK(&task.verdict, wt_worker_data_take_port(port_at[i], &things->port[i]) == 0);
	CHECK(&task.verdict, wt_worker_data_take_sender(sender_at[i], &things->sender[i]) == 0);
	CHECK(&task.verdict, wt_worker_data_take_fd(fd_at[i], &things->fd[i]) == 0);
	CHECK(&task.verdict, wt_port_post(things->port[i], "there", 5) == 0);
	CHECK(&task.verdict, wt_sender_post(things->sender[i], "sent", 4) == 0);
	CHECK(&task.verdict, write(things->fd[i], "x", 1) == 1);
	wt_port_close(things->port[i]);
	wt_sender_close(things->sender[i]);
	close(things->fd[i]);
}

static int entry_take_ten(wt_port *parent, const void *data, size_t size)
{
	static const size_t buffer_at[] = { 0, 5, 9 };
	struct ten_things things;

	(void)parent;
	CHECK(&task.verdict, latch_await(&task.go));
	CHECK(&task.verdict, size == 4 && memcmp(data, "data", 4) == 0);
	for (int i = 0; i < 3; i++) {
		CHECK(&task.verdict, wt_worker_data_take_buffer(buffer_at[i], &things.buffer[i]) == 0);
		CHECK(&task.verdict, wt_buffer_size(things.buffer[i]) == 8);
		wt_buffer_destroy(things.buffer[i]);
	}
	for (int i = 0; i < 2; i++)
		take_two(&things, i);
	CHECK(&task.verdict, wt_worker_data_take_shared(TEN_SHARED, &things.shared) == 0);
	CHECK(&task.verdict, wt_shared_data(things.shared) == wt_shared_data(task.shared));
	wt_shared_release(things.shared);
	return 7;
}

/* [T3] Each of them works there. */
static void a_worker_takes_what_came_with_its_data(void **state)
{
	struct ten ten;
	wt_worker *worker;
	char byte;

	(void)state;
	task_begin(0);
	ten_make(&ten);
	task.shared = ten.now.shared;
	latch_open(&task.go);
	assert_int_equal(create_with(&worker, entry_take_ten, ten.list, TEN), 0);
	ten_assert_moved(&ten);
	assert_int_equal(join_and_destroy(worker), 7);
	assert_deleted(&ten.deleted, 3);
	for (int i = 0; i < 2; i++) {
		assert_receives(ten.peer[i], "there");
		assert_receives_nothing(ten.peer[i], WT_ECLOSED);
		assert_receives(ten.target[i].b, "sent");
		assert_int_equal(read(ten.same_file[i], &byte, 1), 1);
		assert_int_equal(read(ten.same_file[i], &byte, 1), 0);
	}
	ten_end(&ten);
}

static void take_wrongly(void)
{
	wt_port *port = (wt_port *)&task;
	wt_buffer *buffer = (wt_buffer *)&task;
	wt_sender *sender = (wt_sender *)&task;
	wt_shared *shared = (wt_shared *)&task;
	int fd = 0;

	CHECK(&task.verdict, wt_worker_data_take_port(0, NULL) == WT_EINVAL);
	CHECK(&task.verdict, wt_worker_data_take_buffer(0, NULL) == WT_EINVAL);
	CHECK(&task.verdict, wt_worker_data_take_sender(0, NULL) == WT_EINVAL);
	CHECK(&task.verdict, wt_worker_data_take_shared(0, NULL) == WT_EINVAL);
	CHECK(&task.verdict, wt_worker_data_take_fd(0, NULL) == WT_EINVAL);
	CHECK(&task.verdict, wt_worker_data_take_port(0, &port) == WT_EINVAL && !port);
	CHECK(&task.verdict, wt_worker_data_take_sender(0, &sender) == WT_EINVAL && !sender);
	CHECK(&task.verdict, wt_worker_data_take_shared(0, &shared) == WT_EINVAL && !shared);
	CHECK(&task.verdict, wt_worker_data_take_fd(0, &fd) == WT_EINVAL && fd == -1);
	CHECK(&task.verdict, wt_worker_data_take_buffer(1, &buffer) == WT_ERANGE && !buffer);
	CHECK(&task.verdict, wt_worker_data_take_buffer(SIZE_MAX, &buffer) == WT_ERANGE && !buffer);
}

static int entry_take_wrongly(wt_port *parent, const void *data, size_t size)
{
	wt_buffer *buffer = NULL, *again = (wt_buffer *)&task;

	(void)parent;
	(void)data;
	(void)size;
	take_wrongly();
	CHECK(&task.verdict, wt_worker_data_take_buffer(0, &buffer) == 0);
	CHECK(&task.verdict, wt_worker_data_take_buffer(0, &again) == WT_EDETACHED && !again);
	wt_buffer_destroy(buffer);
	return 0;
}

static int entry_take_none(wt_port *parent, const void *data, size_t size)
{
	wt_buffer *buffer = (wt_buffer *)&task;

	(void)parent;
	(void)data;
	(void)size;
	CHECK(&task.verdict, wt_worker_data_take_buffer(0, &buffer) == WT_ERANGE && !buffer);
	return 0;
}

static void take_refuses_what_is_not_there(void **state)
{
	wt_worker *worker;
	wt_buffer *buffer, *outside = (wt_buffer *)&worker;
	wt_port *port = (wt_port *)&worker;
	int fd = 0;

	(void)state;
	task_begin(0);
	assert_non_null(buffer = wrap_counted(&task.deleted));
	assert_int_equal(create_with(&worker, entry_take_wrongly, (wt_transfer[]){ WT_MOVE(&buffer) }, 1), 0);
	assert_int_equal(join_and_destroy(worker), 0);
	assert_deleted(&task.deleted, 1);
	assert_int_equal(create_with(&worker, entry_take_none, NULL, 0), 0);
	assert_int_equal(join_and_destroy(worker), 0);
	assert_int_equal(wt_worker_create(&worker, entry_take_none, NULL, 0, NULL), 0);
	assert_int_equal(join_and_destroy(worker), 0);
	assert_int_equal(wt_worker_data_take_buffer(0, &outside), WT_ENOTSUP);
	assert_int_equal(wt_worker_data_take_port(0, &port), WT_ENOTSUP);
	assert_int_equal(wt_worker_data_take_fd(0, &fd), WT_ENOTSUP);
	assert_true(!outside && !port && fd == -1);
}

static void *take_on_a_thread_of_its_own(void *arg)
{
	wt_buffer *buffer = (wt_buffer *)&task;

	(void)arg;
	CHECK(&task.verdict, wt_worker_data_take_buffer(0, &buffer) == WT_ENOTSUP && !buffer);
	return NULL;
}

static int entry_with_a_thread(wt_port *parent, const void *data, size_t size)
{
	wt_buffer *buffer = NULL;
	pthread_t thread;

	(void)parent;
	(void)data;
	(void)size;
	CHECK(&task.verdict, pthread_create(&thread, NULL, take_on_a_thread_of_its_own, NULL) == 0);
	CHECK(&task.verdict, pthread_join(thread, NULL) == 0);
	CHECK(&task.verdict, wt_worker_data_take_buffer(0, &buffer) == 0);
	wt_buffer_destroy(buffer);
	return 0;
}

static void a_workers_data_is_not_for_its_other_threads(void **state)
{
	wt_worker *worker;
	wt_buffer *buffer;

	(void)state;
	task_begin(0);
	assert_non_null(buffer = wrap_counted(&task.deleted));
	assert_int_equal(create_with(&worker, entry_with_a_thread, (wt_transfer[]){ WT_MOVE(&buffer) }, 1), 0);
	assert_int_equal(join_and_destroy(worker), 0);
	assert_deleted(&task.deleted, 1);
}

/* ---- What is not taken ---- */

enum ending { END_RETURN, END_EXIT, END_FAIL, END_PTHREAD_EXIT, END_TERMINATED, END_TERMINATED_AT_ONCE, ENDINGS };

static int entry_end_without_taking(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	latch_open(&task.begun);
	switch ((enum ending)task.way) {
	case END_EXIT:
		wt_exit(3);
	case END_FAIL:
		wt_fail(WT_EINVAL, "as told");
	case END_PTHREAD_EXIT:
		pthread_exit(NULL);
	case END_TERMINATED:
	case END_TERMINATED_AT_ONCE:
		for (;;)
			wt_checkpoint();
	default:
		return 3;
	}
}

/* [T4] [C4] [C5] By the worker's own end, before its creator does anything about it. */
static void what_a_worker_does_not_take_goes_with_it(void **state)
{
	(void)state;
	for (enum ending ending = 0; ending < ENDINGS; ending++) {
		struct ten ten;
		wt_worker *worker;
		char byte;

		task_begin((int)ending);
		ten_make(&ten);
		assert_int_equal(create_with(&worker, entry_end_without_taking, ten.list, TEN), 0);
		wt_worker_on_error(worker, ignore_failure, NULL);
		if (ending == END_TERMINATED)
			assert_true(latch_await(&task.begun));
		if (ending >= END_TERMINATED)
			assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
		assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20000)), 0);
		assert_deleted(&ten.deleted, 3);
		for (int i = 0; i < 2; i++) {
			assert_receives_nothing(ten.peer[i], WT_ECLOSED);
			assert_int_equal(read(ten.same_file[i], &byte, 1), 0);
			wt_port_close(ten.target[i].a);
			ten.target[i].a = NULL;
			assert_receives_nothing(ten.target[i].b, WT_ECLOSED);
		}
		wt_worker_destroy(worker);
		ten_end(&ten);
	}
}

/* ---- All or nothing ---- */

static void assert_not_created(const wt_worker_options *options, wt_entry *entry, int expected)
{
	wt_worker *worker = (wt_worker *)&task;

	assert_int_equal(wt_worker_create(&worker, entry, "data", 4, options), expected);
	assert_null(worker);
}

/* [M3] Whatever else is wrong. */
static void a_worker_that_is_not_created_takes_nothing(void **state)
{
	struct ten ten;

	(void)state;
	ten_make(&ten);
	assert_not_created(WT_WORKER_OPTIONS(.transfer = ten.list, .transfer_count = TEN), NULL, WT_EINVAL);
	ten_assert_untouched(&ten);
	assert_not_created(WT_WORKER_OPTIONS(.stack_size = 1, .transfer = ten.list, .transfer_count = TEN),
			   entry_take_none, WT_EINVAL);
	ten_assert_untouched(&ten);
	assert_not_created(WT_WORKER_OPTIONS(.isolation = WT_PROCESS, .transfer = ten.list, .transfer_count = TEN),
			   entry_take_none, WT_ENOTSUP);
	ten_assert_untouched(&ten);
	assert_not_created(WT_WORKER_OPTIONS(.channel = WT_CHANNEL_OPTIONS(.limit = SIZE_MAX), .transfer = ten.list,
					     .transfer_count = TEN),
			   entry_take_none, WT_EOVERFLOW);
	ten_assert_untouched(&ten);
	support_fail_os(SUPPORT_THREAD_CREATE, EAGAIN);
	assert_not_created(WT_WORKER_OPTIONS(.transfer = ten.list, .transfer_count = TEN), entry_take_none, WT_EAGAIN);
	support_restore_os();
	ten_assert_untouched(&ten);
	ten_end(&ten);
}

static void a_list_that_is_not_there_or_too_long_is_refused(void **state)
{
	static const size_t counts[] = { 65537, SIZE_MAX, SIZE_MAX / 2 + 1, SIZE_MAX / 16 + 1, SIZE_MAX / 32 + 1 };
	struct ten ten;

	(void)state;
	ten_make(&ten);
	assert_not_created(WT_WORKER_OPTIONS(.transfer_count = 1), entry_take_none, WT_EINVAL);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		assert_not_created(WT_WORKER_OPTIONS(.transfer = ten.list, .transfer_count = counts[i]),
				   entry_take_none, WT_EINVAL);
	ten_assert_untouched(&ten);
	ten_end(&ten);
}

static bool nothing_allocated(void *arg)
{
	(void)arg;
	return atomic_load(&support_counts.bytes) == 0;
}

/* [M3] [P1] */
static void a_worker_for_which_there_is_no_memory_takes_nothing(void **state)
{
	(void)state;
	wt_thread_id();
	support_count();
	for (int once = 0; once < 2; once++) {
		int err = WT_ENOMEM;

		for (unsigned long n = 1; err; n++) {
			struct ten ten;
			wt_worker *worker;

			task_begin(0);
			ten_make(&ten);
			task.shared = ten.now.shared;
			support_fail_allocations(n, (unsigned long)once);
			err = create_with(&worker, entry_take_ten, ten.list, TEN);
			support_fail_allocations(0, 0);
			latch_open(&task.go);
			assert_true(err == 0 || err == WT_ENOMEM || err == WT_EAGAIN);
			assert_true(err || n > 1);
			if (err) {
				ten_assert_untouched(&ten);
			} else {
				ten_assert_moved(&ten);
				join_and_destroy(worker);
			}
			ten_end(&ten);
		}
	}
	assert_true(await(nothing_allocated, NULL));
}

/* [T1] Its handlers are there, and it keeps the loop alive, when the worker does not come to be. */
static void a_port_that_did_not_go_is_served_as_before(void **state)
{
	struct events events = { 0 };
	struct channel channel;

	(void)state;
	channel_open(&channel, NULL);
	wt_port_on_message(channel.b, events_on_message, &events);
	support_fail_os(SUPPORT_THREAD_CREATE, EAGAIN);
	assert_not_created(WT_WORKER_OPTIONS(.transfer = (wt_transfer[]){ WT_MOVE(&channel.b) }, .transfer_count = 1),
			   entry_take_none, WT_EAGAIN);
	support_restore_os();
	assert_true(wt_loop_alive());
	post_text(channel.a, "one");
	assert_int_equal(wt_run_once(WT_NOW), 1);
	assert_events(&events, "one");
	channel_close(&channel);
}

/* ---- Ports ---- */

static int entry_read_all(wt_port *parent, const void *data, size_t size)
{
	wt_port *port = NULL;
	wt_message message;
	unsigned next = 0;
	int err;

	(void)parent;
	(void)data;
	(void)size;
	CHECK(&task.verdict, wt_worker_data_take_port(0, &port) == 0);
	while ((err = wt_port_receive(port, &message, wt_after_ms(20000))) == 0) {
		unsigned number;

		memcpy(&number, message.data, sizeof number);
		CHECK(&task.verdict, number == next);
		next++;
	}
	CHECK(&task.verdict, err == WT_ECLOSED);
	return (int)next;
}

/* [T1] Posted before, while the worker starts, and after. */
static void messages_move_with_the_port(void **state)
{
	struct channel channel;
	wt_worker *worker;

	(void)state;
	task_begin(0);
	channel_open(&channel, NULL);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(wt_port_post(channel.a, &i, sizeof i), 0);
	assert_int_equal(create_with(&worker, entry_read_all, (wt_transfer[]){ WT_MOVE(&channel.b) }, 1), 0);
	for (unsigned i = 1000; i < 3000; i++)
		assert_int_equal(wt_port_post(channel.a, &i, sizeof i), 0);
	wt_port_close(channel.a);
	assert_int_equal(join_and_destroy(worker), 3000);
}

static int entry_talk(wt_port *parent, const void *data, size_t size)
{
	bool begins = memcmp(data, "ping", size) == 0;
	wt_port *port = NULL;
	wt_message message;
	int count = 0;

	(void)parent;
	CHECK(&task.verdict, wt_worker_data_take_port(0, &port) == 0);
	if (begins && wt_port_post(port, "ball", 4) != 0)
		return -1;
	while (count < 1000 && wt_port_receive(port, &message, wt_after_ms(20000)) == 0) {
		count++;
		if (wt_port_post(port, message.data, message.size) != 0)
			break;
	}
	return count;
}

/* [T1] Their creator knows neither port any more. */
static void two_workers_are_introduced_to_each_other(void **state)
{
	struct channel channel;
	wt_worker *ping, *pong;

	(void)state;
	task_begin(0);
	channel_open(&channel, NULL);
	assert_int_equal(wt_worker_create(&ping, entry_talk, "ping", 4,
					  WT_WORKER_OPTIONS(.transfer = (wt_transfer[]){ WT_MOVE(&channel.a) },
							    .transfer_count = 1)),
			 0);
	assert_int_equal(wt_worker_create(&pong, entry_talk, "pong", 4,
					  WT_WORKER_OPTIONS(.transfer = (wt_transfer[]){ WT_MOVE(&channel.b) },
							    .transfer_count = 1)),
			 0);
	assert_int_equal(join_and_destroy(pong), 1000);
	assert_true(join_and_destroy(ping) >= 999);
}

static int entry_pass_on(wt_port *parent, const void *data, size_t size)
{
	unsigned depth = *(const unsigned *)data;
	wt_port *port = NULL;
	wt_worker *nested;
	int code = 0;

	(void)parent;
	(void)size;
	CHECK(&task.verdict, wt_worker_data_take_port(0, &port) == 0);
	if (!depth)
		return wt_port_post(port, "from the innermost", 18);
	depth--;
	CHECK(&task.verdict, wt_worker_create(&nested, entry_pass_on, &depth, sizeof depth,
					      WT_WORKER_OPTIONS(.transfer = (wt_transfer[]){ WT_MOVE(&port) },
								.transfer_count = 1)) == 0);
	CHECK(&task.verdict, wt_worker_join(nested, &code, wt_after_ms(20000)) == 0);
	wt_worker_destroy(nested);
	return code;
}

/* [T1] [C4] */
static void a_port_goes_down_through_nested_workers(void **state)
{
	unsigned depth = 10;
	struct channel channel;
	wt_worker *worker;

	(void)state;
	task_begin(0);
	channel_open(&channel, NULL);
	assert_int_equal(wt_worker_create(&worker, entry_pass_on, &depth, sizeof depth,
					  WT_WORKER_OPTIONS(.transfer = (wt_transfer[]){ WT_MOVE(&channel.b) },
							    .transfer_count = 1)),
			 0);
	assert_int_equal(join_and_destroy(worker), 0);
	assert_receives(channel.a, "from the innermost");
	assert_receives_nothing(channel.a, WT_ECLOSED);
	wt_port_close(channel.a);
}

/* The data of a worker that is busy with another thing: nobody may take it for lost. */
static int entry_wait_then_take(wt_port *parent, const void *data, size_t size)
{
	wt_port *port = NULL;

	(void)parent;
	(void)data;
	(void)size;
	latch_open(&task.begun);
	CHECK(&task.verdict, latch_await(&task.go));
	CHECK(&task.verdict, wt_worker_data_take_port(0, &port) == 0);
	return wt_port_post(port, "still there", 11);
}

static void open_and_end(void *arg)
{
	(void)arg;
	CHECK(&task.verdict, wt_channel_create(&(wt_port *){ NULL }, &(wt_port *){ NULL }, NULL) == 0);
}

/* [T4] A sweep for circles is no danger to what waits to be taken. */
static void what_waits_in_workers_data_survives_other_threads_ends(void **state)
{
	struct channel channel;
	wt_worker *worker;

	(void)state;
	task_begin(0);
	channel_open(&channel, NULL);
	assert_int_equal(create_with(&worker, entry_wait_then_take, (wt_transfer[]){ WT_MOVE(&channel.b) }, 1), 0);
	assert_true(latch_await(&task.begun));
	for (int i = 0; i < 10; i++)
		run_on_new_thread(open_and_end, NULL);
	assert_receives_nothing(channel.a, WT_EAGAIN);
	latch_open(&task.go);
	assert_int_equal(join_and_destroy(worker), 0);
	assert_receives(channel.a, "still there");
	wt_port_close(channel.a);
}

/* [T2] A worker's own port to its creator, seen from each side. */
static void a_worker_can_be_given_no_workers_port(void **state)
{
	wt_worker *first, *second = (wt_worker *)&task;
	wt_port *port;

	(void)state;
	task_begin(0);
	assert_int_equal(wt_worker_create(&first, entry_take_none, NULL, 0, NULL), 0);
	port = wt_worker_port(first);
	assert_int_equal(create_with(&second, entry_take_none, (wt_transfer[]){ WT_MOVE(&port) }, 1),
			 WT_EUNTRANSFERABLE);
	assert_null(second);
	assert_ptr_equal(port, wt_worker_port(first));
	assert_int_equal(join_and_destroy(first), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_worker_takes_what_came_with_its_data),
		TEST(take_refuses_what_is_not_there),
		TEST(a_workers_data_is_not_for_its_other_threads),
		TEST(what_a_worker_does_not_take_goes_with_it),
		TEST(a_worker_that_is_not_created_takes_nothing),
		TEST(a_list_that_is_not_there_or_too_long_is_refused),
		TEST(a_worker_for_which_there_is_no_memory_takes_nothing),
		TEST(a_port_that_did_not_go_is_served_as_before),
		TEST(messages_move_with_the_port),
		TEST(two_workers_are_introduced_to_each_other),
		TEST(a_port_goes_down_through_nested_workers),
		TEST(what_waits_in_workers_data_survives_other_threads_ends),
		TEST(a_worker_can_be_given_no_workers_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
