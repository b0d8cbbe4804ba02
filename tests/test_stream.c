/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wt/buffer.h>
#include <wt/heap.h>
#include <wt/transfer.h>
#include <wt/worker.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#include <printf.h>
#endif

#include "os.h"
#include "support/child.h"
#include "support/divert.h"
#include "support/ports.h"
#include "support/support.h"

static struct verdict verdict;

/* Run one to its end, however it comes; its exit code. */
static int run(wt_entry *entry, const void *data, size_t size)
{
	wt_worker *worker;
	wt_failure failure;
	int code = -1;

	if (wt_worker_create(&worker, entry, data, size, NULL) != 0)
		return -2;
	if (wt_worker_join(worker, &code, wt_after_ms(20000)) != 0)
		code = -3;
	if (wt_worker_failure(worker, &failure) == 0)
		code = failure.code; /* and it is not printed */
	wt_worker_destroy(worker);
	return code;
}

/* What was written to descriptor 1, without the end of the line that somebody left open before. */
static const char *text_of(const struct divert *divert)
{
	return divert->text + (divert->text[0] == '\n');
}

/* What the worker writes to descriptor 1, to be freed by divert_free. */
static const char *output_of(struct divert *divert, wt_entry *entry, int *code)
{
	divert_begin(divert, 1);
	divert_read(divert);
	*code = run(entry, NULL, 0);
	divert_end(divert);
	return text_of(divert);
}

#define assert_output(entry, expected_code, expected)                                   \
	do {                                                                            \
		struct divert divert_;                                                  \
		int code_;                                                              \
		assert_string_equal(output_of(&divert_, (entry), &code_), (expected)); \
		assert_verdict(&verdict);                                               \
		assert_int_equal(code_, (expected_code));                               \
		divert_free(&divert_);                                                  \
	} while (0)

/* ---- Whose streams they are ---- */

static void check_process_streams(void *arg)
{
	(void)arg;
	CHECK(&verdict, wt_stdin() == stdin && wt_stdout() == stdout && wt_stderr() == stderr);
}

static void elsewhere_than_in_a_worker_they_are_the_c_librarys(void **state)
{
	(void)state;
	check_process_streams(NULL);
	run_on_new_thread(check_process_streams, NULL);
	assert_verdict(&verdict);
}

static int entry_asks_twice(wt_port *parent, const void *data, size_t size)
{
	FILE *streams[] = { wt_stdin(), wt_stdout(), wt_stderr() };

	(void)parent;
	(void)data;
	(void)size;
	errno = 77;
	CHECK(&verdict, wt_stdin() == streams[0] && wt_stdout() == streams[1] && wt_stderr() == streams[2]);
	CHECK(&verdict, streams[0] && streams[0] != stdin && streams[0] != streams[1]);
	CHECK(&verdict, streams[1] && streams[1] != stdout && streams[1] != streams[2]);
	CHECK(&verdict, streams[2] && streams[2] != stderr);
	CHECK(&verdict, errno == 77);
	return 0;
}

static void a_worker_has_streams_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(run(entry_asks_twice, NULL, 0), 0);
	assert_verdict(&verdict);
}

static int entry_is_idle(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return 0;
}

static unsigned long allocations_of(wt_entry *entry)
{
	support_count_reset();
	run(entry, NULL, 0);
	return atomic_load(&support_counts.allocations);
}

static void one_that_uses_none_pays_nothing(void **state)
{
	(void)state;
	support_count();
	allocations_of(entry_is_idle); /* what the first worker makes for all */
	assert_int_equal(allocations_of(entry_asks_twice), allocations_of(entry_is_idle) + 3);
}

/* ---- Lines ---- */

static int entry_writes_in_pieces(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	fputs("one ", wt_stdout());
	fflush(wt_stdout());
	CHECK(&verdict, write(1, "between\n", 8) == 8);
	fprintf(wt_stdout(), "%s\n%d ", "line", 2);
	CHECK(&verdict, write(1, "between\n", 8) == 8);
	putc('.', wt_stdout());
	putc('\n', wt_stdout());
	fwrite("a\nb\nc", 1, 5, wt_stdout());
	CHECK(&verdict, write(1, "between\n", 8) == 8);
	putc('\n', wt_stdout());
	return 0;
}

static void a_line_goes_out_when_it_is_whole(void **state)
{
	(void)state;
	assert_output(entry_writes_in_pieces, 0, "between\none line\nbetween\n2 .\na\nb\nbetween\nc\n");
}

static int entry_leaves_half_a_line(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	fputs("half a line", wt_stdout());
	return 0;
}

static int entry_makes_two_that_leave_half_a_line(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return run(entry_leaves_half_a_line, NULL, 0) || run(entry_leaves_half_a_line, NULL, 0);
}

static void what_follows_half_a_line_begins_on_the_next(void **state)
{
	(void)state;
	assert_output(entry_leaves_half_a_line, 0, "half a line");
	assert_output(entry_makes_two_that_leave_half_a_line, 0, "half a line\nhalf a line");
	assert_output(entry_writes_in_pieces, 0, "between\n\none line\nbetween\n2 .\na\nb\nbetween\nc\n");
}

enum { WRITERS = 8 };

/* Through all that writes; some lines longer than a buffer, and than a pipe takes. */
static int entry_writes_lines(wt_port *parent, const void *data, size_t size)
{
	static _Thread_local char line[60001];
	unsigned number, lines;

	(void)parent;
	(void)size;
	memcpy(&number, data, sizeof number);
	lines = support_slowdown() > 1 ? 50 : 400;
	for (unsigned i = 0; i < lines; i++) {
		FILE *stream = wt_stdout();
		size_t length = line_fill(line, i % 9 ? 24 + i * 13 % 700 : 24 + i * 997 % 60000, number, i);
		size_t half = i % 3 ? length / 2 : 0;

		CHECK(&verdict, fwrite(line, 1, half, stream) == half);
		if (i % 4 == 0)
			CHECK(&verdict, fflush(stream) == 0);
		if (i % 2)
			CHECK(&verdict, fputs(line + half, stream) >= 0);
		else
			CHECK(&verdict, fprintf(stream, "%s", line + half) == (int)(length - half));
	}
	return (int)lines;
}

static const char *write_together(unsigned *lines)
{
	wt_worker *workers[WRITERS] = { NULL };
	struct divert divert;
	const char *wrong;
	int code = 0;

	divert_begin(&divert, 1);
	divert_read(&divert);
	for (unsigned i = 0; i < WRITERS; i++)
		CHECK(&verdict, wt_worker_create(&workers[i], entry_writes_lines, &i, sizeof i, NULL) == 0);
	for (unsigned i = 0; i < WRITERS; i++) {
		CHECK(&verdict, wt_worker_join(workers[i], &code, WT_FOREVER) == 0);
		wt_worker_destroy(workers[i]);
	}
	divert_end(&divert);
	*lines = (unsigned)code;
	wrong = lines_check(text_of(&divert), WRITERS, *lines);
	divert_free(&divert);
	return wrong;
}

static void lines_of_many_workers_do_not_mix(void **state)
{
	unsigned lines;

	(void)state;
	support_allow_seconds(60);
	assert_null(write_together(&lines));
	assert_verdict(&verdict);
	assert_true(lines > 1);
}

/* ---- The ends ---- */

static int entry_exits(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	fputs("before\nexit", wt_stdout());
	wt_exit(3);
}

static int entry_fails(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	fputs("before\nfail", wt_stdout());
	wt_fail(4, "as expected");
}

static int entry_leaves_by_pthread_exit(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	fputs("before\npthread_exit", wt_stdout());
	pthread_exit(NULL);
}

static wt_worker *itself; /* written before its thread runs */

static int entry_ends_itself(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	fputs("before\nterminate", wt_stdout());
	CHECK(&verdict, wt_worker_terminate(itself, WT_NOW) == 0);
	fputs("d", wt_stdout());
	return 7;
}

static void every_end_flushes(void **state)
{
	(void)state;
	assert_output(entry_exits, 3, "before\nexit");
	assert_output(entry_fails, 4, "before\nfail");
	assert_output(entry_leaves_by_pthread_exit, 0, "before\npthread_exit");
}

static void a_terminated_worker_is_flushed(void **state)
{
	struct divert divert;
	int code = -1, err;

	(void)state;
	divert_begin(&divert, 1);
	err = wt_worker_create(&itself, entry_ends_itself, NULL, 0, NULL);
	CHECK(&verdict, wt_worker_join(itself, &code, WT_FOREVER) == 0);
	wt_worker_destroy(itself);
	divert_end(&divert);
	assert_int_equal(err, 0);
	assert_verdict(&verdict);
	assert_int_equal(code, 1);
	assert_string_equal(text_of(&divert), "before\nterminated");
	divert_free(&divert);
}

static void say(void *text)
{
	fputs(text, wt_stdout());
}

static void say_and_free(void *data, void *text)
{
	free(data);
	say(text);
}

/* Cleanups; a deleter at the end of the worker's ports, when its streams have ended once; blocks of the heap. */
static int entry_speaks_to_the_last(wt_port *parent, const void *data, size_t size)
{
	static char cleanup[] = "cleanup\n", deleter[] = "deleter\n";
	wt_port *a, *b;
	wt_buffer *buffer;
	wt_transfer list[1];

	(void)parent;
	(void)data;
	(void)size;
	say("entry\n");
	CHECK(&verdict, wt_defer(say, cleanup) == 0);
	CHECK(&verdict, wt_channel_create(&a, &b, NULL) == 0);
	CHECK(&verdict, wt_buffer_wrap(&buffer, malloc(8), 8, say_and_free, deleter) == 0);
	list[0] = WT_MOVE(&buffer);
	CHECK(&verdict, wt_port_send(a, &(wt_outgoing){ .transfer = list, .transfer_count = 1 }, WT_NOW) == 0);
	CHECK(&verdict, setvbuf(wt_stderr(), wt_alloc(100), _IOFBF, 100) == 0);
	fputs("from a buffer in the heap\n", wt_stderr());
	return 0;
}

static void what_cleanups_and_deleters_write_is_flushed(void **state)
{
	struct divert error;

	(void)state;
	divert_begin(&error, 2);
	assert_output(entry_speaks_to_the_last, 0, "entry\ncleanup\ndeleter\n");
	divert_end(&error);
	assert_string_equal(error.text, "from a buffer in the heap\n");
	divert_free(&error);
}

/* In the middle of a conversion, where the C library has a program's own; else just while it holds the lock. */
#ifdef __GLIBC__
static int say_exit(FILE *stream, const struct printf_info *info, const void *const *args)
{
	(void)info;
	(void)args;
	fputs("in the middle", stream);
	wt_exit(5);
}

static int say_exit_size(const struct printf_info *info, size_t count, int *types, int *sizes)
{
	(void)info;
	(void)count;
	(void)types;
	(void)sizes;
	return 0;
}

static void jump_by(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(wt_stdout(), format, args);
	va_end(args);
}

static void jump(void)
{
	static const char *format = "%Y"; /* which no compiler knows */

	register_printf_specifier('Y', say_exit, say_exit_size);
	jump_by(format);
}
#else
static void jump(void)
{
	fputs("in the middle", wt_stdout());
	wt_exit(5);
}
#endif

/* The stream is locked by frames that are left. */
static int entry_jumps_out_of_a_locked_stream(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	fputs("line\n", wt_stdout());
	flockfile(wt_stdout());
	jump();
	return 6;
}

static void a_jump_out_of_a_locked_stream_ends_well(void **state)
{
	struct divert divert;
	int code;

	(void)state;
	assert_true(strncmp(output_of(&divert, entry_jumps_out_of_a_locked_stream, &code), "line\n", 5) == 0);
	assert_int_equal(code, 5);
	assert_verdict(&verdict);
	divert_free(&divert);
#ifdef __GLIBC__
	register_printf_specifier('Y', NULL, NULL);
#endif
}

static int entry_closes(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	for (int i = 0; i < 3; i++) {
		fprintf(wt_stdout(), "closed %d", i);
		CHECK(&verdict, fclose(wt_stdout()) == 0);
		CHECK(&verdict, fclose(wt_stdin()) == 0);
	}
	fputs("open\n", wt_stdout());
	return 0;
}

static void one_that_was_closed_is_opened_again(void **state)
{
	struct divert divert;
	int code;

	(void)state;
	assert_string_equal(output_of(&divert, entry_closes, &code), "closed 0\nclosed 1\nclosed 2\nopen\n");
	assert_int_equal(code, 0);
	assert_verdict(&verdict);
	divert_free(&divert);
}

/* ---- Standard input of one that is not fed ---- */

static int entry_reads(wt_port *parent, const void *data, size_t size)
{
	char line[16];

	(void)parent;
	(void)data;
	(void)size;
	CHECK(&verdict, !fgets(line, sizeof line, wt_stdin()));
	CHECK(&verdict, feof(wt_stdin()) && !ferror(wt_stdin()));
	clearerr(wt_stdin());
	CHECK(&verdict, getc(wt_stdin()) == EOF && feof(wt_stdin()));
	return 0;
}

static void one_that_is_not_fed_reads_the_end_of_the_file(void **state)
{
	(void)state;
	assert_int_equal(run(entry_reads, NULL, 0), 0);
	assert_verdict(&verdict);
}

/* ---- Errors ---- */

static struct wti_os_ops faults;
static int faults_error;

static ssize_t faults_write(int fd, const struct iovec *pieces, int count)
{
	return faults_error ? faults_error : wti_os_real.descriptor_write(fd, pieces, count);
}

static int faults_open(FILE **stream, void *cookie, const char *mode, cookie_io_functions_t functions)
{
	*stream = NULL;
	return faults_error ? faults_error : wti_os_real.stream_open(stream, cookie, mode, functions);
}

static void faults_begin(void)
{
	faults = wti_os_real;
	faults.descriptor_write = faults_write;
	wti_os = &faults;
}

static int entry_meets_errors(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	faults_error = -EPIPE;
	CHECK(&verdict, fputs("lost\n", wt_stdout()) == EOF && errno == EPIPE && ferror(wt_stdout()));
	CHECK(&verdict, fputs("gathered", wt_stdout()) >= 0);
	CHECK(&verdict, fputs(", and lost with the rest\n", wt_stdout()) == EOF);
	faults_error = 0;
	clearerr(wt_stdout());
	CHECK(&verdict, fputs("written\n", wt_stdout()) >= 0 && !ferror(wt_stdout()));
	return 0;
}

static void an_error_of_the_system_is_the_streams(void **state)
{
	(void)state;
	faults_begin();
	assert_output(entry_meets_errors, 0, "written\n");
}

static int entry_has_no_memory(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	errno = 77;
	support_fail_allocations(1, 0);
	CHECK(&verdict, !wt_stdout() && !wt_stdin() && errno == 77);
	support_fail_allocations(0, 0);
	faults_error = -ENOMEM;
	CHECK(&verdict, !wt_stdout() && !wt_stdin() && errno == 77);
	faults_error = 0;
	CHECK(&verdict, fputs("a line that ", wt_stdout()) >= 0);
	support_fail_allocations(1, 0);
	CHECK(&verdict, fflush(wt_stdout()) == EOF && errno == ENOMEM);
	CHECK(&verdict, fputs("goes out whole\n", wt_stdout()) >= 0); /* in one piece it needs none */
	support_fail_allocations(0, 0);
	return 0;
}

/* [P1] */
static void without_memory_there_is_none_until_there_is(void **state)
{
	(void)state;
	support_count();
	faults = *wti_os;
	faults.stream_open = faults_open;
	wti_os = &faults;
	assert_output(entry_has_no_memory, 0, "goes out whole\n");
}

/* ---- Terminate ---- */

static struct latch begun;

static int entry_fills_the_pipe(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	latch_open(&begun);
	while (fputs("a line that nobody reads\n", wt_stdout()) >= 0)
		;
	CHECK(&verdict, errno == EINTR && wt_terminating());
	CHECK(&verdict, fputs("nor this one\n", wt_stdout()) == EOF && errno == EINTR);
	return 0;
}

/* [W5] The worker's end flushes into the full pipe, too, and does not wait. */
static void terminate_ends_a_write_to_a_full_pipe(void **state)
{
	struct divert divert;
	wt_worker *worker;
	int err, ended;

	(void)state;
	divert_begin(&divert, 1);
	err = wt_worker_create(&worker, entry_fills_the_pipe, NULL, 0, NULL);
	CHECK(&verdict, latch_await(&begun));
	CHECK(&verdict, wt_worker_join(worker, NULL, wt_after_ms(20)) == WT_ETIMEDOUT);
	ended = wt_worker_terminate(worker, wt_after_ms(20000));
	wt_worker_destroy(worker);
	divert_end(&divert);
	assert_int_equal(err, 0);
	assert_int_equal(ended, 0);
	assert_verdict(&verdict);
	divert_free(&divert);
}

static int entry_returns_half_a_line(wt_port *parent, const void *data, size_t size)
{
	static const char large[2 * DIVERT_ROOM];

	(void)parent;
	(void)data;
	(void)size;
	fwrite(large, 1, sizeof large, wt_stdout());
	fflush(wt_stdout());
	latch_open(&begun);
	return 0;
}

/* [W5] One that ends by itself, and whose last line the pipe does not take. */
static void terminate_ends_the_last_flush(void **state)
{
	struct divert divert;
	wt_worker *worker;
	int err, ended;

	(void)state;
	begun = (struct latch){ 0 };
	divert_begin(&divert, 1);
	err = wt_worker_create(&worker, entry_returns_half_a_line, NULL, 0, NULL);
	CHECK(&verdict, latch_await(&begun));
	CHECK(&verdict, wt_worker_join(worker, NULL, wt_after_ms(20)) == WT_ETIMEDOUT);
	ended = wt_worker_terminate(worker, wt_after_ms(20000));
	wt_worker_destroy(worker);
	divert_end(&divert);
	assert_int_equal(err, 0);
	assert_int_equal(ended, 0);
	assert_verdict(&verdict);
	divert_free(&divert);
}

/* ---- Failures of workers ---- */

static int entry_writes_errors_and_fails(wt_port *parent, const void *data, size_t size)
{
	static _Thread_local char line[20001];
	unsigned number;

	(void)parent;
	(void)size;
	memcpy(&number, data, sizeof number);
	for (unsigned i = 0; i < 40; i++) {
		line_fill(line, 20000, number, i);
		fputs(line, wt_stderr());
	}
	wt_fail(9, "number %u", number);
}

/* The text without the lines that begin with `prefix`, and how many those were. */
static unsigned take_lines(char *text, const char *prefix)
{
	char *to = text;
	unsigned count = 0;

	while (*text) {
		char *end = strchr(text, '\n');
		size_t size = end ? (size_t)(end - text) + 1 : strlen(text);

		if (strncmp(text, prefix, strlen(prefix)) == 0)
			count++;
		else
			to = (char *)memmove(to, text, size) + size;
		text += size;
	}
	*to = '\0';
	return count;
}

/* [W8] Nobody hears of them, while others write. */
static void a_failures_line_does_not_mix_with_others(void **state)
{
	wt_worker *workers[WRITERS] = { NULL };
	struct divert divert;
	unsigned failures;

	(void)state;
	divert_begin(&divert, 2);
	divert_read(&divert);
	for (unsigned i = 0; i < WRITERS; i++)
		CHECK(&verdict, wt_worker_create(&workers[i], entry_writes_errors_and_fails, &i, sizeof i, NULL) == 0);
	CHECK(&verdict, wt_run() == 0);
	for (unsigned i = 0; i < WRITERS; i++)
		wt_worker_destroy(workers[i]);
	divert_end(&divert);
	failures = take_lines(divert.text, "libwt: worker ");
	assert_null(lines_check(divert.text, WRITERS, 40));
	assert_int_equal(failures, WRITERS);
	assert_verdict(&verdict);
	divert_free(&divert);
}

/* ---- Other threads, and other processes ---- */

#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__) /* of which the one sees no FILE's lock ... */
static atomic_int flushing;

static void *flush_all(void *arg)
{
	(void)arg;
	while (atomic_load(&flushing))
		fflush(NULL);
	return NULL;
}

static void who_flushes_all_files_takes_only_whole_lines(void **state)
{
	pthread_t flusher;
	unsigned lines;
	const char *wrong;

	(void)state;
	support_allow_seconds(60);
	atomic_store(&flushing, 1);
	assert_int_equal(pthread_create(&flusher, NULL, flush_all, NULL), 0);
	wrong = write_together(&lines);
	atomic_store(&flushing, 0);
	pthread_join(flusher, NULL);
	assert_null(wrong);
	assert_verdict(&verdict);
}

/* ... and neither survives a fork in a thread. */
static int entry_forks(wt_port *parent, const void *data, size_t size)
{
	FILE *own = wt_stdout();
	int status = -1;
	pid_t child;

	(void)parent;
	(void)data;
	(void)size;
	fputs("once", own);
	child = fork();
	if (!child) {
		fputs("never", own);
		putc('\n', own);
		if (wt_stdout() != stdout)
			_exit(1);
		exit(42); /* flushes all FILEs */
	}
	CHECK(&verdict, waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 42);
	putc('\n', own);
	return 0;
}

/* [P2] */
static void a_forked_child_writes_nothing_of_the_workers(void **state)
{
	(void)state;
	assert_output(entry_forks, 0, "once\n");
}
#endif

/* ---- The process's end ---- */

static int entry_writes_and_waits(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	(void)data;
	(void)size;
	fputs("told to end", wt_stderr());
	latch_open(&begun);
	return wt_port_receive(parent, &message, WT_FOREVER);
}

static int child_returns(void)
{
	wt_worker *worker;

	if (wt_worker_create(&worker, entry_writes_and_waits, NULL, 0, NULL) != 0 || !latch_await(&begun))
		return 1;
	return 42;
}

static int entry_calls_exit(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	fputs("its own", wt_stderr());
	exit(42);
}

static int child_worker_exits(void)
{
	wt_worker *worker;

	return wt_worker_create(&worker, entry_calls_exit, NULL, 0, NULL) != 0 || wt_run() != 0;
}

static int write_for_ever(void (*between)(void))
{
	latch_open(&begun);
	while (latch_is_open(&begun)) {
		fputs("and on", wt_stdout());
		between();
	}
	return 0;
}

static void nothing(void)
{
}

/* Hears nothing, and writes on while all FILEs are flushed without their locks. */
static int entry_writes_for_ever(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	fputs("half a line", wt_stdout());
	return write_for_ever(nothing);
}

static int child_leaves_a_writer(void)
{
	wt_worker *worker;
	int ends[2];

	/* A pipe that nobody reads, and that is never full: whole lines never come. */
	if (pipe(ends) != 0 || dup2(ends[1], 1) != 1)
		return 1;
	if (wt_worker_create(&worker, entry_writes_for_ever, NULL, 0, NULL) != 0 || !latch_await(&begun))
		return 1;
	return 42;
}

/* Keeps the lock of its stream; others write meanwhile. */
static int entry_locks_for_ever(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	flockfile(wt_stdout());
	return write_for_ever(nothing);
}

static void flush_files(void)
{
	fflush(NULL);
}

/* The list of all FILEs is locked meanwhile, and one of them after the other. */
static int entry_flushes_for_ever(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return write_for_ever(flush_files);
}

static void close_own(void)
{
	fclose(wt_stdout());
}

/* The list is changed meanwhile, and a stream is there that was not before. */
static int entry_reopens_for_ever(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return write_for_ever(close_own);
}

/* To what nobody waits for: it is never full. */
static int leave(wt_entry *entry)
{
	wt_worker *worker;

	if (!freopen("/dev/null", "w", stdout))
		return 1;
	if (wt_worker_create(&worker, entry, NULL, 0, NULL) != 0 || !latch_await(&begun))
		return 1;
	return 42;
}

/* As musl's does, and glibc's behind 2.36; then it waits for who keeps such a lock for ever: wt_stdout(3) says so. */
static bool exit_locks_files(void)
{
#ifdef __GLIBC__
	int minor = 0;

	return sscanf(gnu_get_libc_version(), "2.%d", &minor) != 1 || minor > 36;
#else
	return true;
#endif
}

static int child_leaves_writers(void)
{
	wt_worker *worker;

	for (int i = 0; i < 7; i++)
		if (wt_worker_create(&worker, entry_writes_for_ever, NULL, 0, NULL) != 0)
			return 1;
	return leave(exit_locks_files() ? entry_writes_for_ever : entry_locks_for_ever);
}

static int child_leaves_one_that_flushes(void)
{
	return leave(entry_flushes_for_ever);
}

static int child_leaves_one_that_reopens(void)
{
	return leave(entry_reopens_for_ever);
}

/* Behind the library's handler, which has ended the streams of the thread. */
static void writes_late(void)
{
	fputs("late\nand half a line", wt_stderr());
}

static int child_worker_exits_and_writes(void)
{
	wt_worker *worker;

	if (atexit(writes_late) != 0)
		return 1;
	return wt_worker_create(&worker, entry_calls_exit, NULL, 0, NULL) != 0 || wt_run() != 0;
}

static int child_leaves_one_that_blocks(void)
{
	wt_worker *worker;
	int ends[2];

	if (pipe(ends) != 0 || dup2(ends[1], 1) != 1)
		return 1;
	if (wt_worker_create(&worker, entry_fills_the_pipe, NULL, 0, NULL) != 0 || !latch_await(&begun))
		return 1;
	return wt_worker_join(worker, NULL, wt_after_ms(10)) == WT_ETIMEDOUT ? 42 : 2;
}

static const struct child_program programs[] = {
	{ "returns", child_returns },
	{ "worker_exits", child_worker_exits },
	{ "worker_exits_and_writes", child_worker_exits_and_writes },
	{ "leaves_a_writer", child_leaves_a_writer },
	{ "leaves_writers", child_leaves_writers },
	{ "leaves_one_that_flushes", child_leaves_one_that_flushes },
	{ "leaves_one_that_reopens", child_leaves_one_that_reopens },
	{ "leaves_one_that_blocks", child_leaves_one_that_blocks },
};

static void assert_child(const char *name, const char *errors, int times)
{
	struct child_result result;

	for (int i = 0; i < times; i++) {
		child_run(name, &result);
		assert_int_equal(result.status, 42);
		if (errors)
			assert_string_equal(result.errors, errors);
	}
}

/* [W7] */
static void the_processs_end_flushes_workers_that_end(void **state)
{
	(void)state;
	assert_child("returns", "told to end", 20);
	assert_child("worker_exits", "its own", 20);
	assert_child("worker_exits_and_writes", "its own\nlate\n", 1);
}

/* [W7] */
static void the_processs_end_leaves_alone_those_that_do_not(void **state)
{
	(void)state;
	support_allow_seconds(60);
	assert_child("leaves_a_writer", NULL, 5);
	assert_child("leaves_writers", NULL, 5);
	assert_child("leaves_one_that_flushes", NULL, 5);
	assert_child("leaves_one_that_reopens", NULL, 5);
	assert_child("leaves_one_that_blocks", NULL, 10);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(elsewhere_than_in_a_worker_they_are_the_c_librarys),
		TEST(a_worker_has_streams_of_its_own),
		TEST(one_that_uses_none_pays_nothing),
		TEST(a_line_goes_out_when_it_is_whole),
		TEST(what_follows_half_a_line_begins_on_the_next),
		TEST(lines_of_many_workers_do_not_mix),
		TEST(every_end_flushes),
		TEST(a_terminated_worker_is_flushed),
		TEST(what_cleanups_and_deleters_write_is_flushed),
		TEST(a_jump_out_of_a_locked_stream_ends_well),
		TEST(one_that_was_closed_is_opened_again),
		TEST(one_that_is_not_fed_reads_the_end_of_the_file),
		TEST(an_error_of_the_system_is_the_streams),
		TEST(without_memory_there_is_none_until_there_is),
		TEST(terminate_ends_a_write_to_a_full_pipe),
		TEST(terminate_ends_the_last_flush),
		TEST(a_failures_line_does_not_mix_with_others),
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
		TEST(who_flushes_all_files_takes_only_whole_lines),
		TEST(a_forked_child_writes_nothing_of_the_workers),
#endif
		TEST(the_processs_end_flushes_workers_that_end),
		TEST(the_processs_end_leaves_alone_those_that_do_not),
	};
	int status = child_main(argc, argv, programs, sizeof programs / sizeof *programs);

	return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
