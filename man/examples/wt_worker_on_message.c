/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

static int half_done(wt_port *parent, const void *data, size_t size)
{
	int err = wt_port_post(parent, "first half", sizeof "first half");

	if (err)
		return err;
	wt_fail(7, "no second half after %s", "the first");
}

static void on_online(wt_worker *worker, void *arg)
{
	printf("%s is online\n", wt_worker_name(worker));
}

static void on_message(wt_worker *worker, wt_message *message, void *arg)
{
	const char *text = message->data;

	printf("message: %s\n", text);
}

static void on_error(wt_worker *worker, const wt_failure *why, void *arg)
{
	printf("error %d: %s\n", why->code, why->message);
}

static void on_exit_(wt_worker *worker, int code, void *arg)
{
	printf("exit: %d\n", code);
	wt_worker_destroy(worker); /* allowed in its own handlers */
}

int main(void)
{
	wt_worker *worker;
	int err = wt_worker_create(&worker, half_done, NULL, 0,
				   WT_WORKER_OPTIONS(.name = "halver"));

	if (err) {
		fprintf(stderr, "worker: %s\n", wt_strerror(err));
		return 1;
	}
	wt_worker_on_online(worker, on_online, NULL);
	wt_worker_on_message(worker, on_message, NULL);
	wt_worker_on_error(worker, on_error, NULL);
	wt_worker_on_exit(worker, on_exit_, NULL);
	return wt_run() != 0;
}
