/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "support/ports.h"
#include "support/support.h"

static struct verdict verdict;

static int run(wt_entry *entry, const wt_worker_options *options)
{
	wt_worker *worker;
	int code = -1;

	if (wt_worker_create(&worker, entry, "data", 5, options) != 0)
		return -2;
	if (wt_worker_join(worker, &code, WT_FOREVER) != 0)
		code = -3;
	wt_worker_destroy(worker);
	return code;
}

/* ---- A copy ---- */

struct given {
	char text[3][16];
	char *argv[4]; /* ends where argc says, not before */
	struct latch scribbled;
} given;

static int entry_reads(wt_port *parent, const void *data, size_t size)
{
	int argc = -1;
	char **argv = wt_argv(&argc);

	(void)parent;
	CHECK(&verdict, latch_await(&given.scribbled));
	CHECK(&verdict, argc == 3 && argv && !argv[3]);
	CHECK(&verdict, strcmp(argv[0], "program") == 0);
	CHECK(&verdict, strcmp(argv[1], "") == 0);
	CHECK(&verdict, strcmp(argv[2], "two words") == 0);
	CHECK(&verdict, wt_argv(NULL) == argv);
	CHECK(&verdict, size == 5 && strcmp(data, "data") == 0 && (uintptr_t)data % _Alignof(max_align_t) == 0);
	CHECK(&verdict, strcmp(wt_thread_name(), "named") == 0);
	return 0;
}

static void a_worker_has_a_copy_of_its_arguments(void **state)
{
	wt_worker *worker;
	int code = -1;

	(void)state;
	given = (struct given){ .text = { "program", "", "two words" } };
	for (int i = 0; i < 3; i++)
		given.argv[i] = given.text[i];
	given.argv[3] = given.text[0];
	assert_int_equal(wt_worker_create(&worker, entry_reads, "data", 5,
					  WT_WORKER_OPTIONS(.name = "named", .argc = 3, .argv = given.argv)),
			 0);
	memset(given.text, 'x', sizeof given.text);
	memset(given.argv, 0, sizeof given.argv);
	latch_open(&given.scribbled);
	assert_int_equal(wt_worker_join(worker, &code, WT_FOREVER), 0);
	wt_worker_destroy(worker);
	assert_verdict(&verdict);
	assert_int_equal(code, 0);
}

/* As getopt(3) and strtok(3) do. */
static int entry_changes(wt_port *parent, const void *data, size_t size)
{
	int argc;
	char **argv = wt_argv(&argc);
	char *first = argv[0];

	(void)parent;
	(void)data;
	(void)size;
	argv[0] = argv[1];
	argv[1] = first;
	argv[1][0] = 'X';
	argv[0][3] = '\0';
	CHECK(&verdict, wt_argv(NULL) == argv && argc == 2);
	CHECK(&verdict, strcmp(argv[0], "sec") == 0 && strcmp(argv[1], "Xirst") == 0 && !argv[2]);
	return 0;
}

static void a_worker_may_change_its_arguments(void **state)
{
	char first[] = "first", second[] = "second";
	char *argv[] = { first, second };

	(void)state;
	assert_int_equal(run(entry_changes, WT_WORKER_OPTIONS(.argc = 2, .argv = argv)), 0);
	assert_verdict(&verdict);
	assert_string_equal(first, "first");
	assert_string_equal(second, "second");
	assert_ptr_equal(argv[0], first);
}

/* ---- With other things, and without ---- */

static int entry_takes(wt_port *parent, const void *data, size_t size)
{
	wt_port *port = NULL;
	int argc;
	char **argv = wt_argv(&argc);

	(void)parent;
	(void)size;
	CHECK(&verdict, argc == 1 && strcmp(argv[0], "alone") == 0);
	CHECK(&verdict, strcmp(data, "data") == 0);
	CHECK(&verdict, wt_worker_data_take_port(0, &port) == 0);
	wt_port_close(port);
	return 0;
}

static void arguments_go_with_data_and_a_transfer_list(void **state)
{
	char alone[] = "alone";
	char *argv[] = { alone };
	struct channel channel;
	wt_transfer list[1];

	(void)state;
	channel_open(&channel, NULL);
	list[0] = WT_MOVE(&channel.b);
	assert_int_equal(run(entry_takes, WT_WORKER_OPTIONS(.argc = 1, .argv = argv, .transfer = list, .transfer_count = 1)),
			 0);
	assert_verdict(&verdict);
	channel_close(&channel);
}

static void check_none(void)
{
	int argc = 7;

	CHECK(&verdict, wt_argv(&argc) == NULL && argc == 0);
	CHECK(&verdict, wt_argv(NULL) == NULL);
}

static int entry_has_none(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	check_none();
	return 0;
}

static void check_none_alone(void *arg)
{
	(void)arg;
	check_none();
}

static void there_are_none_where_none_were_given(void **state)
{
	char unused[] = "unused";
	char *argv[] = { unused, NULL };

	(void)state;
	check_none();
	run_on_new_thread(check_none_alone, NULL);
	assert_int_equal(run(entry_has_none, NULL), 0);
	assert_int_equal(run(entry_has_none, WT_WORKER_OPTIONS(.argc = 0, .argv = argv)), 0);
	assert_verdict(&verdict);
}

static int entry_nests(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	CHECK(&verdict, run(entry_has_none, NULL) == 0);
	return 0;
}

static void nested_workers_do_not_inherit_them(void **state)
{
	char one[] = "one";
	char *argv[] = { one };

	(void)state;
	assert_int_equal(run(entry_nests, WT_WORKER_OPTIONS(.argc = 1, .argv = argv)), 0);
	assert_verdict(&verdict);
}

static void arguments_that_are_none_are_refused(void **state)
{
	char one[] = "one";
	char *hole[] = { one, NULL, one };
	wt_worker *worker;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, entry_has_none, NULL, 0, WT_WORKER_OPTIONS(.argc = -1, .argv = hole)),
			 WT_EINVAL);
	assert_int_equal(wt_worker_create(&worker, entry_has_none, NULL, 0, WT_WORKER_OPTIONS(.argc = 1)), WT_EINVAL);
	assert_int_equal(wt_worker_create(&worker, entry_has_none, NULL, 0, WT_WORKER_OPTIONS(.argc = 3, .argv = hole)),
			 WT_EINVAL);
	assert_null(worker);
}

static void options_of_before_there_were_arguments_are_accepted(void **state)
{
	wt_worker_options options;

	(void)state;
	wt_worker_options_init(&options);
	options.size = offsetof(wt_worker_options, argc);
	options.argc = -1; /* not looked at */
	assert_int_equal(run(entry_has_none, &options), 0);
	assert_verdict(&verdict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_worker_has_a_copy_of_its_arguments),
		TEST(a_worker_may_change_its_arguments),
		TEST(arguments_go_with_data_and_a_transfer_list),
		TEST(there_are_none_where_none_were_given),
		TEST(nested_workers_do_not_inherit_them),
		TEST(arguments_that_are_none_are_refused),
		TEST(options_of_before_there_were_arguments_are_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
