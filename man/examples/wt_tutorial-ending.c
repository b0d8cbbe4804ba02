/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wt.h>

static int say(const char *text)
{
	return wt_port_post(wt_parent_port(), text, strlen(text) + 1);
}

static void clean_up(void *memory)
{
	free(memory);
	if (say("cleaned up"))
		fprintf(stderr, "ending: nobody hears of it\n");
}

/* Ends in the way that its data says. */
static int work(wt_port *parent, const void *data, size_t size)
{
	int err = wt_defer(clean_up, malloc(100));

	if (!err)
		err = say("at work");
	if (err || strcmp(data, "returns") == 0)
		return err;
	if (strcmp(data, "fails") == 0)
		wt_fail(3, "there is no %s", "coffee");
	for (;;)
		wt_checkpoint(); /* a computation without an end */
}

/* On the main thread, called by wt_run. */
static void on_message(wt_worker *worker, wt_message *message, void *how)
{
	int err = WT_EAGAIN;

	printf("  %s\n", (const char *)message->data);
	if (strcmp(how, "is told to end") == 0)
		err = wt_worker_terminate(worker, WT_NOW);
	if (err && err != WT_EAGAIN) /* which is: not yet */
		fprintf(stderr, "ending: %s\n", wt_strerror(err));
}

static void on_error(wt_worker *worker, const wt_failure *why, void *how)
{
	printf("  failed: %s (%d)\n", why->message, why->code);
}

static void on_exit_(wt_worker *worker, int code, void *how)
{
	printf("  exit code %d\n", code);
	wt_worker_destroy(worker);
}

static int run(char *how)
{
	wt_worker *worker;
	int err = wt_worker_create(&worker, work, how, strlen(how) + 1,
				   NULL);

	if (err)
		return err;
	printf("A worker that %s:\n", how);
	wt_worker_on_message(worker, on_message, how);
	wt_worker_on_error(worker, on_error, how);
	wt_worker_on_exit(worker, on_exit_, how);
	return wt_run(); /* until its exit has been told */
}

int main(void)
{
	char *ways[] = { "returns", "fails", "is told to end" };
	int err = 0;

	for (int i = 0; i < 3 && !err; i++)
		err = run(ways[i]);
	if (err)
		fprintf(stderr, "ending: %s\n", wt_strerror(err));
	return err != 0;
}
