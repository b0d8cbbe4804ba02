/* SPDX-License-Identifier: MIT
 *
 * Workers' standard streams: what one has written arrives before its exit,
 * however it ends; lines stay whole.
 */
#include <string.h>
#include <unistd.h>

#include "sched/output.h"
#include "sched/scenario_worker.h"

enum { STREAM_LINES = 3 };

/* ---- What is captured arrives, and then the exit [W2] ---- */

static char captured[16]; /* a string */
static bool exited;

static void on_output(wt_worker *of, const void *data, size_t size, void *arg)
{
	size_t used = strlen(captured);

	(void)of;
	(void)arg;
	SCENARIO_CHECK(!exited && used + size < sizeof captured);
	memcpy(captured + used, data, size);
	sched_reached(SCHED_DELIVERED);
}

static void on_exit_(wt_worker *of, int code, void *arg)
{
	(void)of;
	(void)code;
	(void)arg;
	SCENARIO_CHECK(strcmp(captured, "a\nb") == 0);
	exited = true;
}

static int write_and_end(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	SCENARIO_CHECK(fputs("a\n", wt_stdout()) >= 0);
	SCENARIO_CHECK(fputs("b", wt_stdout()) >= 0);
	return 0;
}

static void create_with(wt_worker **created, wt_entry *entry, const wt_worker_options *options)
{
	SCENARIO_CHECK(wt_worker_create(created, entry, NULL, 0, options) == 0);
}

static void stream_captured(void)
{
	memset(captured, 0, sizeof captured);
	exited = false;
	create_with(&worker, write_and_end, WT_WORKER_OPTIONS(.capture_stdout = true));
	wt_worker_on_stdout(worker, on_output, NULL);
	wt_worker_on_exit(worker, on_exit_, NULL);
	SCENARIO_CHECK(wt_run() == 0);
	SCENARIO_CHECK(exited);
	wt_worker_destroy(worker);
}

/* ---- ... also of one that is told to end while it writes ---- */

static unsigned written;

static int write_lines(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	for (written = 0; written < STREAM_LINES; written++) {
		wt_checkpoint();
		SCENARIO_CHECK(fputs("l\n", wt_stdout()) >= 0);
	}
	return 0;
}

static void stream_terminated(void)
{
	unsigned received = 0;
	wt_message message;
	int other;

	written = 0;
	create_with(&worker, write_lines, WT_WORKER_OPTIONS(.capture_stdout = true));
	other = scenario_go("other", scenario_terminate_now, NULL);
	while (wt_port_receive(wt_worker_stdout(worker), &message, WT_FOREVER) == 0) {
		SCENARIO_CHECK(message.size == 2 && memcmp(message.data, "l\n", 2) == 0);
		received++;
	}
	SCENARIO_CHECK(received == written);
	sched_reached(received < STREAM_LINES ? SCHED_TERMINATED : SCHED_DELIVERED);
	scenario_join(other);
	wt_worker_destroy(worker);
}

/* ---- Lines of two workers on the process's own output ---- */

static int write_line(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)size;
	(void)fprintf(wt_stdout(), "%s\n", (const char *)data); /* in vain where it is told to end */
	return 0;
}

static void create_writer(wt_worker **writer, const char *line)
{
	SCENARIO_CHECK(wt_worker_create(writer, write_line, line, strlen(line) + 1, NULL) == 0);
}

static void stream_lines(void)
{
	wt_worker *other;

	create_writer(&worker, "aaaa");
	create_writer(&other, "bbbb");
	SCENARIO_CHECK(wt_worker_join(worker, NULL, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_worker_join(other, NULL, WT_FOREVER) == 0);
	if (strcmp(output_written(STDOUT_FILENO), "aaaa\nbbbb\n") == 0)
		sched_reached(SCHED_DELIVERED);
	else
		SCENARIO_CHECK(strcmp(output_written(STDOUT_FILENO), "bbbb\naaaa\n") == 0);
	wt_worker_destroy(other);
	wt_worker_destroy(worker);
}

/* ---- ... of which one is told to end while it waits for its turn: the other's is whole, and the next ---- */

static bool has_line(const char *text, const char *line)
{
	const char *found = strstr(text, line);

	return found && (found == text || found[-1] == '\n');
}

static void check_lines(const char *text)
{
	size_t size = strlen("bbbb\ncccc\n");

	SCENARIO_CHECK(has_line(text, "bbbb\n") && has_line(text, "cccc\n"));
	if (has_line(text, "aaaa\n"))
		size += strlen("aaaa\n");
	sched_reached(has_line(text, "aaaa\n") ? SCHED_DELIVERED : SCHED_TERMINATED);
	SCENARIO_CHECK(strlen(text) == size);
}

static void write_last_line(void)
{
	wt_worker *last;

	sched_hush(1);
	create_writer(&last, "cccc");
	SCENARIO_CHECK(wt_worker_join(last, NULL, WT_FOREVER) == 0);
	wt_worker_destroy(last);
	sched_hush(-1);
}

static void stream_lines_terminated(void)
{
	wt_worker *other;

	create_writer(&worker, "aaaa");
	create_writer(&other, "bbbb");
	SCENARIO_CHECK(wt_worker_terminate(worker, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_worker_join(other, NULL, WT_FOREVER) == 0);
	write_last_line();
	check_lines(output_written(STDOUT_FILENO));
	wt_worker_destroy(other);
	wt_worker_destroy(worker);
}

/* ---- What is fed arrives, and then the end of it ---- */

static int read_all(wt_port *parent, const void *data, size_t size)
{
	char line[8];

	(void)parent;
	(void)data;
	(void)size;
	SCENARIO_CHECK(fgets(line, sizeof line, wt_stdin()) && strcmp(line, "x\n") == 0);
	SCENARIO_CHECK(fgets(line, sizeof line, wt_stdin()) && strcmp(line, "y\n") == 0);
	SCENARIO_CHECK(!fgets(line, sizeof line, wt_stdin()) && feof(wt_stdin()));
	sched_reached(SCHED_DELIVERED);
	return 7;
}

static void stream_fed(void)
{
	int code;

	create_with(&worker, read_all, WT_WORKER_OPTIONS(.feed_stdin = true));
	SCENARIO_CHECK(wt_worker_feed_stdin(worker, "x\ny", 3) == 0);
	SCENARIO_CHECK(wt_worker_feed_stdin(worker, "\n", 1) == 0);
	SCENARIO_CHECK(wt_worker_end_stdin(worker) == 0);
	SCENARIO_CHECK(wt_worker_join(worker, &code, WT_FOREVER) == 0 && code == 7);
	wt_worker_destroy(worker);
}

const struct scenario scenarios_stream[] = {
	{
		.name = "stream_captured",
		.run = stream_captured,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "stream_terminated",
		.run = stream_terminated,
		.size = SCENARIO_MEDIUM,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "stream_lines",
		.run = stream_lines,
		.size = SCENARIO_MEDIUM,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "stream_lines_terminated",
		.run = stream_lines_terminated,
		.size = SCENARIO_MEDIUM,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TERMINATED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "stream_fed",
		.run = stream_fed,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{ .name = NULL },
};
