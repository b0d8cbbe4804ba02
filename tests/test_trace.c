/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wt.h>

#include "alloc.h"
#include "os.h"
#include "support/child.h"
#include "support/json.h"
#include "support/ports.h"
#include "support/support.h"
#include "trace_file.h"
#include "track.h"

/* ---- The file, read again ---- */

enum { EVENTS_MAX = 20000, DEPTH_MAX = 16 /* slices within each other */ };

/* A line of it. */
struct line {
	char phase;
	unsigned long long tid;
	int64_t at;   /* ns */
	int64_t span; /* ns, of a moment */
	char name[64];
	char category[16];
	long long arrow; /* its number, or -1 */
};

static struct line lines[EVENTS_MAX];
static size_t line_count;
static char *text;
static size_t text_size;
static char folder[64];
static char path[96];

static bool has(const char *what)
{
	return strstr(text, what) != NULL;
}

static const char *field(const char *line, const char *end, const char *key)
{
	char quoted[32];
	const char *found;

	snprintf(quoted, sizeof quoted, "\"%s\":", key);
	found = strstr(line, quoted);
	return found && found < end ? found + strlen(quoted) : NULL;
}

/* Microseconds with three decimals. */
static int64_t field_time(const char *line, const char *end, const char *key)
{
	const char *at = field(line, end, key);
	long long whole = 0;
	int rest = 0;

	if (at)
		assert_int_equal(sscanf(at, "%lld.%3d", &whole, &rest), 2);
	return whole * 1000 + rest;
}

static void field_text(const char *line, const char *end, const char *key, char *to, size_t size)
{
	const char *at = field(line, end, key);

	to[0] = '\0';
	if (at && *at == '"')
		snprintf(to, size, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
}

static void read_line(const char *at, const char *end)
{
	const char *phase = field(at, end, "ph");
	const char *tid = field(at, end, "tid"), *arrow = field(at, end, "id");
	struct line *line = &lines[line_count];

	if (!phase)
		return;
	assert_true(line_count < EVENTS_MAX);
	line_count++;
	line->phase = phase[1];
	line->tid = tid ? strtoull(tid, NULL, 10) : 0;
	line->arrow = arrow ? strtoll(arrow, NULL, 10) : -1;
	line->at = field_time(at, end, "ts");
	line->span = field_time(at, end, "dur");
	field_text(at, end, "name", line->name, sizeof line->name);
	field_text(at, end, "cat", line->category, sizeof line->category);
}

static void read_text(void)
{
	FILE *file = fopen(path, "r");
	struct stat status;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &status), 0);
	text_size = (size_t)status.st_size;
	text = malloc(text_size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, text_size, file), text_size);
	text[text_size] = '\0';
	fclose(file);
}

/* It is one JSON value, and what is said of all timelines holds of it. */
static void read_timeline(void)
{
	const char *at, *end;
	size_t bad;

	read_text();
	if (!json_is_valid(text, text_size, &bad))
		fail_msg("no JSON: %.80s", text + bad);
	line_count = 0;
	for (at = text; (end = strchr(at, '\n')); at = end + 1)
		read_line(at, end);
}

static size_t count(char phase, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < line_count; i++)
		n += lines[i].phase == phase && (!name || strcmp(lines[i].name, name) == 0);
	return n;
}

/* ---- What holds of every timeline ---- */

static void assert_tracks_are_in_order(void)
{
	const char *open[DEPTH_MAX];
	uint64_t tid = 0;
	int64_t last = 0, busy = 0;
	unsigned depth = 0;

	for (size_t i = 0; i < line_count; i++) {
		const struct line *line = &lines[i];

		if (line->tid != tid) {
			assert_int_equal(depth, 0);
			tid = line->tid;
			last = busy = 0;
		}
		if (line->phase == 'M')
			continue;
		assert_true(line->at >= last);
		last = line->at;
		if (line->phase == 'B') {
			assert_true(depth < DEPTH_MAX);
			open[depth++] = line->name;
			assert_true(line->at >= busy);
		} else if (line->phase == 'E') {
			assert_true(depth > 0);
			assert_string_equal(line->name, open[--depth]);
			assert_true(line->at >= busy);
		} else if (line->phase == 'X') {
			busy = line->at + (line->span > 1 ? line->span : 0);
		}
	}
	assert_int_equal(depth, 0);
}

static size_t other_ends(const struct line *line, char phase)
{
	size_t n = 0;

	for (size_t i = 0; i < line_count; i++) {
		if (lines[i].phase != phase || lines[i].arrow != line->arrow)
			continue;
		assert_string_equal(lines[i].category, line->category);
		assert_true(phase == 'f' ? lines[i].at >= line->at : lines[i].at <= line->at);
		n++;
	}
	return n;
}

static void assert_arrows_have_two_ends(void)
{
	assert_int_equal(count('s', NULL), count('f', NULL));
	for (size_t i = 0; i < line_count; i++) {
		if (lines[i].phase == 's')
			assert_int_equal(other_ends(&lines[i], 'f'), 1);
		if (lines[i].phase == 'f')
			assert_int_equal(other_ends(&lines[i], 's'), 1);
	}
}

/* ---- Programs ---- */

static void must(int err)
{
	if (err) {
		fprintf(stderr, "%s\n", wt_strerror(err));
		exit(3);
	}
}

static int ends(void)
{
	child_mark_end();
	return 0;
}

static int entry_echoes(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	(void)data;
	(void)size;
	while (wt_port_receive(parent, &message, WT_FOREVER) == 0)
		must(wt_port_post(parent, message.data, message.size));
	return 0;
}

static void on_echo(wt_worker *worker, wt_message *message, void *arg)
{
	unsigned *left = arg;

	(void)message;
	if (--*left == 0)
		wt_worker_on_message(worker, NULL, NULL);
	if (*left == 0)
		wt_stop();
}

/* Three messages to a worker, which it answers. */
static int program_handlers(void)
{
	unsigned left = 3;
	wt_worker *worker;

	must(wt_worker_create(&worker, entry_echoes, NULL, 0, WT_WORKER_OPTIONS(.name = "echo")));
	wt_worker_on_message(worker, on_echo, &left);
	for (unsigned i = 0; i < 3; i++)
		must(wt_worker_post(worker, &i, sizeof i));
	must(wt_run());
	must(wt_worker_terminate(worker, WT_FOREVER));
	wt_worker_destroy(worker);
	return ends();
}

static void post_in_every_way(wt_port *port)
{
	static unsigned char large[100000];
	struct iovec many[20];
	wt_buffer *buffer;
	wt_slot slot;
	size_t posted;

	for (int i = 0; i < 20; i++)
		many[i] = (struct iovec){ .iov_base = large, .iov_len = (size_t)i };
	must(wt_port_post_many(port, many, 20, &posted));
	must(wt_port_post(port, large, sizeof large));
	must(wt_port_reserve(port, 64, &slot, WT_NOW));
	slot.size = 8; /* the rest is given back */
	must(wt_port_commit(port, &slot));
	must(wt_buffer_create(&buffer, 10));
	must(wt_port_send(port, &(wt_outgoing){ .data = "x", .size = 1, .transfer = (wt_transfer[]){ WT_MOVE(&buffer) },
						.transfer_count = 1 }, WT_NOW));
	must(wt_port_send(port, &(wt_outgoing){ .iov = many, .iovcnt = 20 }, WT_NOW));
	must(wt_port_post(port, "end", 3));
}

enum { WAYS = 20 + 5 };

static int program_ways(void)
{
	static const wt_channel_options single = { .size = sizeof single, .single_producer = true };
	wt_port *a, *b;
	wt_message message;

	for (int kind = 0; kind < 2; kind++) {
		must(wt_channel_create(&a, &b, kind ? &single : NULL));
		post_in_every_way(a);
		for (int i = 0; i < WAYS; i++)
			must(wt_port_receive(b, &message, WT_NOW));
		if (wt_port_receive(b, &message, WT_NOW) != WT_EAGAIN)
			return 4;
		must(wt_port_post(a, "nobody receives this", 20));
		wt_port_close(a);
		wt_port_close(b);
	}
	return ends();
}

/* ---- Messages that are in no port's queue ---- */

static int entry_listens(wt_port *parent, const void *data, size_t size)
{
	wt_broadcast *news;
	wt_message message;

	(void)data;
	(void)size;
	must(wt_broadcast_open(&news, "news", 4, NULL));
	must(wt_port_post(parent, NULL, 0));
	for (int i = 0; i < 3; i++)
		must(wt_broadcast_receive(news, &message, WT_FOREVER));
	wt_broadcast_close(news);
	return 0;
}

static void on_news(wt_broadcast *news, wt_message *message, void *arg)
{
	unsigned *left = arg;

	(void)message;
	if (--*left == 0)
		wt_broadcast_close(news);
}

/* Three posts, heard by two workers and by one endpoint of ours with a handler; a fourth, which nobody hears. */
static int program_broadcasts(void)
{
	static unsigned char large[20000];
	wt_broadcast *posts, *hears;
	wt_worker *worker[2];
	wt_message message;
	unsigned left = 3;

	for (int i = 0; i < 2; i++) {
		must(wt_worker_create(&worker[i], entry_listens, NULL, 0, NULL));
		must(wt_port_receive(wt_worker_port(worker[i]), &message, WT_FOREVER));
	}
	must(wt_broadcast_open(&posts, "news", 4, NULL));
	must(wt_broadcast_open(&hears, "news", 4, NULL));
	wt_broadcast_on_message(hears, on_news, &left);
	for (size_t i = 0; i < 3; i++)
		must(wt_broadcast_post(posts, large, i * sizeof large / 2)); /* the last one has a chunk of its own */
	for (int i = 0; i < 2; i++)
		must(wt_worker_join(worker[i], NULL, WT_FOREVER));
	wt_broadcast_unref(posts);
	must(wt_run());
	must(wt_broadcast_post(posts, "nobody", 6));
	wt_broadcast_close(posts);
	for (int i = 0; i < 2; i++)
		wt_worker_destroy(worker[i]);
	return ends();
}

static int entry_replies(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	(void)data;
	(void)size;
	while (wt_port_receive(parent, &message, WT_FOREVER) == 0)
		must(wt_message_reply(&message, &(wt_outgoing){ .data = "yes", .size = 3 }));
	return 0;
}

static int program_calls(void)
{
	wt_worker *worker;
	wt_message reply;

	must(wt_worker_create(&worker, entry_replies, NULL, 0, NULL));
	for (int i = 0; i < 3; i++)
		must(wt_port_call(wt_worker_port(worker), &(wt_outgoing){ 0 }, &reply, WT_FOREVER));
	must(wt_worker_terminate(worker, WT_FOREVER));
	wt_worker_destroy(worker);
	return ends();
}

static int on_thread_message(wt_message *message, uint64_t from, void *arg)
{
	(void)message;
	(void)from;
	if (++*(unsigned *)arg == 2)
		wt_stop();
	return 0;
}

static int entry_posts_to_main(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	for (int i = 0; i < 2; i++)
		must(wt_post_to_thread(0, &(wt_outgoing){ .data = "x", .size = 1 }, WT_FOREVER));
	return 0;
}

static int program_thread_messages(void)
{
	wt_worker *worker;
	unsigned heard = 0;

	must(wt_on_thread_message(on_thread_message, &heard));
	must(wt_worker_create(&worker, entry_posts_to_main, NULL, 0, NULL));
	must(wt_run());
	must(wt_worker_join(worker, NULL, WT_FOREVER));
	wt_worker_destroy(worker);
	return ends();
}

static int task_nothing(wt_task *task, wt_message *input, void *state)
{
	(void)task;
	(void)input;
	(void)state;
	return 0;
}

static int program_tasks(void)
{
	wt_pool *pool;
	wt_task *task;

	must(wt_pool_create(&pool, task_nothing, WT_POOL_OPTIONS(.max_workers = 1, .name = "crunch")));
	for (int i = 0; i < 100; i++) {
		must(wt_pool_submit(pool, NULL, NULL, NULL, NULL, &task));
		must(wt_task_wait(task, NULL, NULL, WT_FOREVER));
		wt_task_release(task);
	}
	wt_pool_destroy(pool);
	return ends();
}

static void leave(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	(void)arg;
	wt_exit(7);
}

static int entry_leaves(wt_port *parent, const void *data, size_t size)
{
	(void)data;
	(void)size;
	wt_port_on_message(parent, leave, NULL);
	return wt_run();
}

/* One worker is terminated as it waits, one leaves a handler by a jump. */
static int program_ended(void)
{
	wt_worker *waits, *leaves;
	wt_message message;

	must(wt_worker_create(&waits, entry_echoes, NULL, 0, WT_WORKER_OPTIONS(.name = "waits")));
	must(wt_worker_create(&leaves, entry_leaves, NULL, 0, WT_WORKER_OPTIONS(.name = "leaves")));
	must(wt_worker_post(waits, "x", 1));
	must(wt_port_receive(wt_worker_port(waits), &message, WT_FOREVER));
	must(wt_worker_terminate(waits, WT_FOREVER));
	must(wt_worker_post(leaves, "x", 1));
	must(wt_worker_join(leaves, NULL, WT_FOREVER));
	wt_worker_destroy(waits);
	wt_worker_destroy(leaves);
	return ends();
}

static int entry_floods(wt_port *parent, const void *data, size_t size)
{
	(void)data;
	(void)size;
	while (wt_port_post(parent, "flood", 5) == 0)
		wt_checkpoint();
	return 1;
}

/* The process ends with a worker at full speed. */
static int program_floods(void)
{
	wt_message message;
	wt_worker *worker;

	must(wt_worker_create(&worker, entry_floods, NULL, 0, NULL));
	for (int i = 0; i < 1000; i++)
		must(wt_port_receive(wt_worker_port(worker), &message, WT_FOREVER));
	return ends();
}

static void on_fork(wt_port *port, wt_message *message, void *arg)
{
	pid_t *child = arg;

	(void)message;
	*child = fork();
	if (*child == 0)
		exit(wt_port_post(port, "x", 1) == WT_EFORKED ? 0 : 1); /* its exit handlers run */
}

/* A child of the middle of a handler ends before its parent: the file is still empty then. */
static int program_forks(void)
{
	struct stat status;
	wt_port *a, *b;
	pid_t child = -1;
	int code = -1;

	must(wt_channel_create(&a, &b, NULL));
	must(wt_port_post(a, "x", 1));
	must(wt_port_drain(b, on_fork, &child, 0, NULL));
	if (child < 0 || waitpid(child, &code, 0) != child || code != 0)
		return 4;
	if (stat(getenv("WT_TRACE"), &status) != 0 || status.st_size != 0)
		return 5;
	wt_port_close(a);
	wt_port_close(b);
	return ends();
}

static int program_moves(void)
{
	must(wt_loop_alive() || !wt_thread_id() ? 0 : WT_EINVAL);
	return chdir("/") == 0 ? ends() : 4;
}

static int program_strange_names(void)
{
	static const char *const names[] = { "quote\"back\\slash", "bell\a", "latin\xe9 1", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac",
					     "long\xc0\x80", "\xed\xa0\x80", "cut\xe2\x82" };
	wt_worker *worker;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		must(wt_worker_create(&worker, entry_echoes, NULL, 0, WT_WORKER_OPTIONS(.name = names[i])));
		wt_worker_destroy(worker);
	}
	return ends();
}

/* ---- Memory that is short ---- */

static bool is_chunk(size_t size)
{
	size_t events = (size - sizeof(struct wti_chunk)) / sizeof(struct wti_event);

	return size > sizeof(struct wti_chunk) && size == sizeof(struct wti_chunk) + events * sizeof(struct wti_event) &&
	       events >= 32 && (events & (events - 1)) == 0;
}

static atomic_ulong chunks_left;

static void *refuse_chunks(size_t size)
{
	unsigned long left = atomic_load(&chunks_left);

	if (is_chunk(size) && (!left || !atomic_compare_exchange_strong(&chunks_left, &left, left - 1)))
		return NULL;
	return wti_heap_libc.alloc(size);
}

static int with_chunks(unsigned long chunks, int (*program)(void))
{
	static struct wti_alloc_ops refusing;

	refusing = *wti_heap;
	refusing.alloc = refuse_chunks;
	atomic_store(&chunks_left, chunks);
	wti_heap = &refusing;
	return program();
}

static int program_without_memory(void)
{
	return with_chunks(0, program_handlers);
}

static int program_with_little_memory(void)
{
	return with_chunks(3, program_floods);
}

/* ---- A pipe in the place of the file ---- */

static int64_t pipe_time = 1;

static int64_t pipe_clock(void)
{
	return pipe_time;
}

static ssize_t pipe_write(int fd, const void *bytes, size_t size)
{
	(void)fd;
	(void)bytes;
	(void)size;
	return -EAGAIN;
}

/* There is room each time, soon, and gone before the write. */
static int pipe_await_room(int fd, int milliseconds)
{
	(void)fd;
	(void)milliseconds;
	pipe_time += 900000000;
	return 1;
}

static int program_pipe_without_end(void)
{
	struct wti_os_ops slow = wti_os_real;

	slow.clock = pipe_clock;
	slow.file_write = pipe_write;
	slow.descriptor_await_room = pipe_await_room;
	alarm(20);
	wti_os = &slow;
	if (wti_trace_file_choose(getenv("WT_TRACE")) != 0 || wti_trace_file_open() != 0)
		return 1;
	wti_trace_file_print("[]");
	return wti_trace_file_close() == -EAGAIN ? 0 : 2;
}

static const struct child_program programs[] = {
	{ "handlers", program_handlers },
	{ "ways", program_ways },
	{ "broadcasts", program_broadcasts },
	{ "calls", program_calls },
	{ "thread-messages", program_thread_messages },
	{ "tasks", program_tasks },
	{ "ended", program_ended },
	{ "floods", program_floods },
	{ "forks", program_forks },
	{ "moves", program_moves },
	{ "strange names", program_strange_names },
	{ "pipe without end", program_pipe_without_end },
	{ "without memory", program_without_memory },
	{ "with little memory", program_with_little_memory },
};

/* ---- Tests ---- */

static int setup(void **state)
{
	int err = support_setup(state);

	snprintf(folder, sizeof folder, "/tmp/wt-trace.XXXXXX");
	if (err || !mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/trace.json", folder);
	return setenv("WT_TRACE", path, 1);
}

static int teardown(void **state)
{
	unsetenv("WT_TRACE");
	unsetenv("WT_TRACE_EVENTS");
	unlink(path);
	rmdir(folder);
	free(text);
	text = NULL;
	return support_teardown(state);
}

/* It ends as it should, and says nothing. */
static void run(const char *name)
{
	struct child_result result;

	child_run(name, &result);
	assert_string_equal(result.errors, "");
	assert_int_equal(result.status, 0);
}

static void run_traced(const char *name)
{
	run(name);
	read_timeline();
	assert_tracks_are_in_order();
	assert_arrows_have_two_ends();
}

static void messages_are_arrows_from_post_to_handler(void **state)
{
	(void)state;
	run_traced("handlers");
	assert_int_equal(count('s', "message"), 6);
	assert_int_equal(count('B', "handler"), 3);
	assert_int_equal(count('X', "receive"), 3);
	assert_int_equal(count('s', "worker"), 1);
	assert_int_equal(count('B', "entry"), 1);
	assert_true(has("\"args\":{\"name\":\"main\"}"));
	assert_true(has("\"args\":{\"name\":\"echo\"}"));
	assert_true(has("\"dropped_events\":0,\"missing_threads\":0"));
}

/* One that nobody received has no arrow. */
static void each_way_to_post_has_its_arrows(void **state)
{
	(void)state;
	run_traced("ways");
	assert_int_equal(count('s', "message"), 2 * WAYS);
	assert_int_equal(count('X', "post"), 2 * WAYS + 2);
	assert_int_equal(count('X', "receive"), 2 * WAYS);
}

/* From one post to each who hears it. */
static void broadcasts_have_an_arrow_for_each_receiver(void **state)
{
	(void)state;
	run_traced("broadcasts");
	assert_int_equal(count('X', "post"), 2 + 3);
	assert_int_equal(count('X', "receive"), 2 + 6);
	assert_int_equal(count('B', "handler"), 3);
	assert_int_equal(count('s', "message"), 2 + 9);
}

static void calls_are_arrows_there_and_back(void **state)
{
	(void)state;
	run_traced("calls");
	assert_int_equal(count('X', "post"), 6);
	assert_int_equal(count('X', "receive"), 6);
	assert_int_equal(count('s', "message"), 6);
}

static void messages_to_threads_are_arrows(void **state)
{
	(void)state;
	run_traced("thread-messages");
	assert_int_equal(count('B', "handler"), 2);
	assert_int_equal(count('s', "message"), 2);
}

static void tasks_are_arrows_from_submit_to_run(void **state)
{
	(void)state;
	run_traced("tasks");
	assert_int_equal(count('s', "task"), 100);
	assert_int_equal(count('B', "task"), 100);
	assert_true(has("\"queued_us\":"));
	assert_true(has("\"args\":{\"name\":\"crunch-"));
	assert_true(count('B', "wait: loop") > 0);
}

static void what_a_worker_did_before_its_end_is_kept(void **state)
{
	(void)state;
	run_traced("ended");
	assert_true(has("\"args\":{\"name\":\"waits\"}"));
	assert_true(has("\"args\":{\"name\":\"leaves\"}"));
	assert_int_equal(count('B', "entry"), 2);
	assert_int_equal(count('B', "handler"), 1);
	assert_true(count('B', "wait: message") > 0);
}

static void a_process_that_ends_in_the_middle_leaves_a_whole_file(void **state)
{
	(void)state;
	setenv("WT_TRACE_EVENTS", "5000", 1);
	run_traced("floods");
	assert_true(count('X', "post") >= 1000);
}

static void a_forked_child_does_not_write(void **state)
{
	(void)state;
	run_traced("forks");
	assert_int_equal(count('B', "handler"), 1);
	assert_int_equal(count('X', "post"), 1);
}

static void nothing_is_written_without_the_variable(void **state)
{
	(void)state;
	unsetenv("WT_TRACE");
	run("handlers");
	assert_int_equal(access(path, F_OK), -1);
	setenv("WT_TRACE", "", 1);
	run("handlers");
	assert_int_equal(rmdir(folder), 0); /* it is empty */
	assert_int_equal(mkdir(folder, 0700), 0);
}

static void a_file_that_cannot_be_written_is_no_trace_and_no_word(void **state)
{
	static const char *const paths[] = { "/nonexistent/trace.json", "/", "/dev/full", NULL };

	(void)state;
	for (int i = 0; paths[i]; i++) {
		setenv("WT_TRACE", paths[i], 1);
		run("handlers");
	}
}

/* Who reads the pipe. */
static void *read_one_byte(void *arg)
{
	int fd = *(int *)arg;
	char byte;

	while (read(fd, &byte, 1) != 1)
		sched_yield();
	close(fd);
	return NULL;
}

/* There is more to come than a pipe holds. */
static void a_reader_that_leaves_does_not_end_the_program(void **state)
{
	pthread_t reader;
	int fd;

	(void)state;
	setenv("WT_TRACE_EVENTS", "5000", 1);
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pthread_create(&reader, NULL, read_one_byte, &fd), 0);
	run("floods");
	pthread_join(reader, NULL);
}

static void a_reader_that_is_slow_has_one_deadline(void **state)
{
	(void)state;
	run("pipe without end");
}

static void a_path_that_is_too_long_is_no_trace(void **state)
{
	static char longer[5000];

	(void)state;
	memset(longer, 'x', sizeof longer - 1);
	setenv("WT_TRACE", longer, 1);
	run("moves");
	longer[0] = '/';
	setenv("WT_TRACE", longer, 1);
	run("moves");
}

static void the_path_is_that_of_the_first_use(void **state)
{
	char before[4096];

	(void)state;
	assert_non_null(getcwd(before, sizeof before));
	assert_int_equal(chdir(folder), 0);
	setenv("WT_TRACE", "trace.json", 1);
	run("moves");
	assert_int_equal(chdir(before), 0);
	read_timeline();
}

static void the_process_may_be_in_the_path(void **state)
{
	char pattern[128], written[128];
	unsigned long pid;
	const char *at;

	(void)state;
	snprintf(pattern, sizeof pattern, "%s/%%p-100%%.json", folder);
	setenv("WT_TRACE", pattern, 1);
	run("moves");
	at = strrchr(folder, '/');
	assert_non_null(at);
	snprintf(written, sizeof written, "cd %s && mv *-100%%.json trace.json", folder);
	assert_int_equal(system(written), 0);
	read_timeline();
	at = strstr(text, "\"pid\":");
	assert_non_null(at);
	pid = strtoul(at + 6, NULL, 10);
	assert_true(pid > 1 && pid != (unsigned long)getpid());
}

static void events_above_the_limit_are_counted(void **state)
{
	(void)state;
	setenv("WT_TRACE_EVENTS", "96", 1);
	run_traced("floods");
	assert_false(has("\"dropped_events\":0,"));
	assert_true(line_count < 96 * 3);
}

static void a_limit_that_is_no_number_is_none(void **state)
{
	static const char *const limits[] = { "", "many", "1e3", "99999999999999999999999999", NULL };

	(void)state;
	for (int i = 0; limits[i]; i++) {
		setenv("WT_TRACE_EVENTS", limits[i], 1);
		run_traced("handlers");
		assert_true(has("\"dropped_events\":0,\"missing_threads\":0"));
		free(text);
	}
	text = NULL;
}

static void threads_without_memory_for_a_track_are_counted(void **state)
{
	(void)state;
	setenv("WT_TRACE_EVENTS", "0", 1);
	run_traced("handlers");
	assert_true(has("\"dropped_events\":0,\"missing_threads\":2"));
	free(text);
	unsetenv("WT_TRACE_EVENTS");
	run_traced("without memory");
	assert_true(has("\"dropped_events\":0,\"missing_threads\":2"));
}

static void a_track_that_gets_no_memory_is_the_beginning(void **state)
{
	(void)state;
	run_traced("with little memory");
	assert_false(has("\"dropped_events\":0,"));
	assert_true(count('X', "post") > 30);
}

static void names_that_are_no_text_are_made_one(void **state)
{
	(void)state;
	run_traced("strange names");
	assert_true(has("{\"name\":\"quote\\\"back\\\\slash\"}"));
	assert_true(has("{\"name\":\"bell\\u0007\"}"));
	assert_true(has("{\"name\":\"latin? 1\"}"));
	assert_true(has("{\"name\":\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac\"}"));
	assert_true(has("{\"name\":\"long??\"}"));
	assert_true(has("{\"name\":\"???\"}"));
	assert_true(has("{\"name\":\"cut??\"}"));
}

static void the_checker_knows_json(void **state)
{
	static const char *const good[] = { "{}", " [ ] ", "[1,-0.5e+3,\"a\\u00e9\\n\xc3\xa9\",true,false,null,{\"a\":{}}]" };
	static const char *const bad[] = { "", "{", "[1,]", "{\"a\":1,}", "{a:1}", "[01]", "[1.]", "[\"\n\"]", "[\"\\x\"]",
					   "[\"\xff\"]", "[\"\xc0\x80\"]", "[nul]", "[1] 2", "{\"a\" 1}", "[.5]", "[\"a]" };
	size_t at;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(json_is_valid(good[i], strlen(good[i]), &at));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (json_is_valid(bad[i], strlen(bad[i]), &at))
			fail_msg("taken for JSON: %s", bad[i]);
}

#define TRACE_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(the_checker_knows_json),
		TRACE_TEST(messages_are_arrows_from_post_to_handler),
		TRACE_TEST(each_way_to_post_has_its_arrows),
		TRACE_TEST(broadcasts_have_an_arrow_for_each_receiver),
		TRACE_TEST(calls_are_arrows_there_and_back),
		TRACE_TEST(messages_to_threads_are_arrows),
		TRACE_TEST(tasks_are_arrows_from_submit_to_run),
		TRACE_TEST(what_a_worker_did_before_its_end_is_kept),
		TRACE_TEST(a_process_that_ends_in_the_middle_leaves_a_whole_file),
		TRACE_TEST(a_forked_child_does_not_write),
		TRACE_TEST(nothing_is_written_without_the_variable),
		TRACE_TEST(a_file_that_cannot_be_written_is_no_trace_and_no_word),
		TRACE_TEST(a_reader_that_leaves_does_not_end_the_program),
		TRACE_TEST(a_reader_that_is_slow_has_one_deadline),
		TRACE_TEST(a_path_that_is_too_long_is_no_trace),
		TRACE_TEST(the_path_is_that_of_the_first_use),
		TRACE_TEST(the_process_may_be_in_the_path),
		TRACE_TEST(events_above_the_limit_are_counted),
		TRACE_TEST(a_limit_that_is_no_number_is_none),
		TRACE_TEST(threads_without_memory_for_a_track_are_counted),
		TRACE_TEST(a_track_that_gets_no_memory_is_the_beginning),
		TRACE_TEST(names_that_are_no_text_are_made_one),
	};
	int status = child_main(argc, argv, programs, sizeof programs / sizeof *programs);

	if (status >= 0)
		return status;
	unsetenv("WT_TRACE");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
