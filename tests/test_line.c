/* SPDX-License-Identifier: MIT */
#include "line.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include <wt/thread.h>
#include <wt/worker.h>

#include "os.h"
#include "support/divert.h"
#include "support/ports.h"
#include "support/support.h"

static int put(int fd, const char *text)
{
	const struct iovec piece = { .iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text) };

	return wti_line_write(fd, &piece, 1);
}

/* ---- One thread ---- */

static void pieces_arrive_one_after_the_other(void **state)
{
	char one[] = "one, ", two[] = "two\n";
	const struct iovec pieces[] = { { one, 5 }, { NULL, 0 }, { two, 4 } };
	struct divert divert;
	int err, nothing;

	(void)state;
	for (int fd = 1; fd <= 2; fd++) {
		divert_begin(&divert, fd);
		err = wti_line_write(fd, pieces, 2);
		nothing = wti_line_write(fd, pieces + 1, 1);
		if (!err)
			err = wti_line_write(fd, pieces + 1, 2);
		divert_end(&divert);
		assert_int_equal(err, 0);
		assert_int_equal(nothing, 0);
		assert_string_equal(divert.text, "one, \ntwo\n");
		divert_free(&divert);
	}
}

/* The descriptors know nothing of each other. */
static void a_line_without_an_end_is_ended_by_the_next(void **state)
{
	struct divert output, error;
	int err = 0;

	(void)state;
	divert_begin(&output, 1);
	divert_begin(&error, 2);
	err |= put(1, "open");
	err |= put(2, "whole\n");
	err |= put(2, "open again");
	err |= put(1, "next\n");
	err |= put(2, "\n");
	divert_end(&error);
	divert_end(&output);
	assert_int_equal(err, 0);
	assert_string_equal(output.text, "open\nnext\n");
	assert_string_equal(error.text, "whole\nopen again\n\n");
	divert_free(&output);
	divert_free(&error);
}

/* ---- A system that gives little ---- */

static struct wti_os_ops faults;
static unsigned faults_calls;
static int faults_error; /* of the fifth call, or 0 */

static ssize_t faults_write(int fd, const struct iovec *pieces, int count)
{
	struct iovec few = *pieces;

	(void)count;
	if (++faults_calls == 5 && faults_error)
		return faults_error;
	if (faults_calls % 3 == 0)
		return -EINTR;
	if (faults_calls % 4 == 0)
		return -EAGAIN;
	few.iov_len = few.iov_len < 3 ? few.iov_len : 3;
	return wti_os_real.descriptor_write(fd, &few, 1);
}

static int faults_await_room(int fd, int milliseconds)
{
	(void)fd;
	return faults_calls % 8 == 0 ? -EINTR : milliseconds ? 1 : 0;
}

static void faults_begin(int error)
{
	faults = wti_os_real;
	faults.descriptor_write = faults_write;
	faults.descriptor_await_room = faults_await_room;
	faults_calls = 0;
	faults_error = error;
	wti_os = &faults;
}

static void writes_of_a_few_bytes_and_interruptions_lose_nothing(void **state)
{
	struct divert divert;
	int err;

	(void)state;
	divert_begin(&divert, 1);
	faults_begin(0);
	err = put(1, "a line of more than three bytes\nand another\n");
	divert_end(&divert);
	assert_int_equal(err, 0);
	assert_string_equal(divert.text, "a line of more than three bytes\nand another\n");
	divert_free(&divert);
}

static void a_line_that_failed_half_way_is_ended_by_the_next(void **state)
{
	struct divert divert;
	int failed, err;

	(void)state;
	divert_begin(&divert, 1);
	faults_begin(-EIO);
	failed = put(1, "abcdefghijkl\n");
	err = put(1, "next\n");
	divert_end(&divert);
	assert_int_equal(failed, -EIO);
	assert_int_equal(err, 0);
	assert_string_equal(divert.text, "abcdef\nnext\n");
	divert_free(&divert);
}

static void the_systems_error_is_returned(void **state)
{
	int saved = fcntl(2, F_DUPFD_CLOEXEC, 3);
	int err;

	(void)state;
	close(2);
	errno = 77;
	err = put(2, "nowhere\n");
	dup2(saved, 2);
	close(saved);
	assert_int_equal(err, -EBADF);
	assert_int_equal(errno, 77);
}

/* ---- Many threads ---- */

enum { WRITERS = 6 };

struct writer {
	unsigned number, lines;
	struct verdict *verdict;
	pthread_t thread;
};

/* From one that a pipe takes at once to one that takes a dozen writes. */
static void *write_lines(void *arg)
{
	struct writer *writer = arg;
	static _Thread_local char line[50001];

	for (unsigned i = 0; i < writer->lines; i++) {
		size_t size = i % 5 ? 24u + i * 7 % 300 : 24u + i * 777 % 50000;
		struct iovec piece = { .iov_base = line, .iov_len = line_fill(line, size, writer->number, i) };

		CHECK(writer->verdict, wti_line_write(1, &piece, 1) == 0);
	}
	return NULL;
}

static const char *write_together(struct verdict *verdict, int flags)
{
	struct writer writers[WRITERS];
	unsigned lines = support_slowdown() > 1 ? 60 : 300;
	struct divert divert;
	const char *wrong;
	unsigned made = 0;

	divert_begin(&divert, 1);
	fcntl(1, F_SETFL, fcntl(1, F_GETFL) | flags);
	divert_read(&divert);
	for (; made < WRITERS; made++) {
		writers[made] = (struct writer){ .number = made, .lines = lines, .verdict = verdict };
		if (pthread_create(&writers[made].thread, NULL, write_lines, &writers[made]) != 0)
			break;
	}
	for (unsigned i = 0; i < made; i++)
		pthread_join(writers[i].thread, NULL);
	divert_end(&divert);
	wrong = lines_check(divert.text, WRITERS, lines);
	divert_free(&divert);
	return wrong;
}

static void lines_of_many_threads_do_not_mix(void **state)
{
	struct verdict verdict = { 0 };

	(void)state;
	assert_null(write_together(&verdict, 0));
	assert_verdict(&verdict);
}

static void lines_do_not_mix_where_writes_do_not_block(void **state)
{
	struct verdict verdict = { 0 };

	(void)state;
	assert_null(write_together(&verdict, O_NONBLOCK));
	assert_verdict(&verdict);
}

/* ---- Terminate ---- */

static struct blocked {
	atomic_int begun, ended;
	struct verdict verdict;
} blocked;

/* What finds no room at once is given up, now and later; what does is not. */
static int entry_blocks(wt_port *parent, const void *data, size_t size)
{
	static const char text[3 * DIVERT_ROOM] = "more than the pipe takes\n";
	const struct iovec piece = { .iov_base = (void *)(uintptr_t)text, .iov_len = sizeof text };

	(void)parent;
	(void)data;
	(void)size;
	atomic_fetch_add(&blocked.begun, 1);
	CHECK(&blocked.verdict, wti_line_write(1, &piece, 1) == WT_ETERMINATED);
	CHECK(&blocked.verdict, put(1, "again\n") == WT_ETERMINATED);
	CHECK(&blocked.verdict, put(2, "where there is room\n") == 0);
	atomic_fetch_add(&blocked.ended, 1);
	return 0;
}

static bool all_have_begun(void *arg)
{
	return atomic_load(&blocked.begun) == *(int *)arg;
}

/* [W5] One of them writes, the others wait for it. */
static void terminate_ends_writers_and_those_who_wait_for_them(void **state)
{
	enum { COUNT = 4 };
	int count = COUNT;
	wt_worker *workers[COUNT] = { NULL };
	struct divert output, error;
	int err = 0, late = 0;

	(void)state;
	divert_begin(&output, 1);
	divert_begin(&error, 2);
	for (int i = 0; i < COUNT && !err; i++)
		err = wt_worker_create(&workers[i], entry_blocks, NULL, 0, NULL);
	CHECK(&blocked.verdict, await(all_have_begun, &count));
	for (int i = 0; i < COUNT; i++)
		late |= wt_worker_terminate(workers[i], wt_after_ms(20000));
	for (int i = 0; i < COUNT; i++)
		wt_worker_destroy(workers[i]);
	divert_end(&error);
	divert_end(&output);
	assert_int_equal(err, 0);
	assert_int_equal(late, 0);
	assert_verdict(&blocked.verdict);
	assert_int_equal(atomic_load(&blocked.ended), COUNT);
	assert_string_equal(error.text, "where there is room\nwhere there is room\nwhere there is room\n"
					"where there is room\n");
	divert_free(&output);
	divert_free(&error);
}

/* The wake that one of them gets when it is to end is not lost to the others. */
static int entry_writes_until_it_ends(wt_port *parent, const void *data, size_t size)
{
	char line[400];
	unsigned number;

	(void)parent;
	(void)size;
	memcpy(&number, data, sizeof number);
	for (unsigned i = 0; !wt_terminating(); i++) {
		struct iovec piece = { .iov_base = line, .iov_len = line_fill(line, 24u + i % 300, number, i) };

		CHECK(&blocked.verdict, wti_line_write(1, &piece, 1) == 0 || wt_terminating());
	}
	return 0;
}

static void those_who_wait_go_on_when_others_are_terminated(void **state)
{
	unsigned rounds = support_slowdown() > 1 ? 10 : 60;
	struct verdict verdict = { 0 };
	struct writer writer = { .lines = 50, .verdict = &verdict };
	struct divert divert;

	(void)state;
	blocked = (struct blocked){ 0 };
	divert_begin(&divert, 1);
	divert_read(&divert);
	for (unsigned round = 0; round < rounds; round++) {
		wt_worker *workers[3] = { NULL };

		for (unsigned i = 0; i < 3; i++)
			CHECK(&verdict, wt_worker_create(&workers[i], entry_writes_until_it_ends, &i, sizeof i, NULL) == 0);
		write_lines(&writer);
		for (unsigned i = 0; i < 3; i++)
			CHECK(&verdict, wt_worker_terminate(workers[i], wt_after_ms(20000)) == 0);
		for (unsigned i = 0; i < 3; i++)
			wt_worker_destroy(workers[i]);
	}
	divert_end(&divert);
	divert_free(&divert);
	assert_verdict(&verdict);
	assert_verdict(&blocked.verdict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pieces_arrive_one_after_the_other),
		TEST(a_line_without_an_end_is_ended_by_the_next),
		TEST(writes_of_a_few_bytes_and_interruptions_lose_nothing),
		TEST(a_line_that_failed_half_way_is_ended_by_the_next),
		TEST(the_systems_error_is_returned),
		TEST(lines_of_many_threads_do_not_mix),
		TEST(lines_do_not_mix_where_writes_do_not_block),
		TEST(terminate_ends_writers_and_those_who_wait_for_them),
		TEST(those_who_wait_go_on_when_others_are_terminated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
