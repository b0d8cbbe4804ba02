/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

static void parse(const char *text)
{
	int value;

	if (sscanf(text, "%d", &value) != 1)
		wt_fail(WT_EINVAL, "\"%s\" is not a number", text);
	wt_exit(value); /* from any depth: the entry does not go on */
}

static int reader(wt_port *parent, const void *data, size_t size)
{
	parse(data);
	return 0;
}

/* Runs in the worker. */
static void soften(wt_failure *failure, void *arg)
{
	printf("caught: %s\n", failure->message);
	failure->code = 0;
	wt_set_exit_code(2);
}

static int careful_reader(wt_port *parent, const void *data, size_t size)
{
	wt_on_failure(soften, NULL);
	parse(data);
	return 0;
}

static void on_error(wt_worker *worker, const wt_failure *why, void *arg)
{
	printf("error %s: %s\n", wt_err_name(why->code), why->message);
}

static void on_exit_(wt_worker *worker, int code, void *arg)
{
	printf("exit code %d\n", code);
	wt_worker_destroy(worker);
}

static int run(wt_entry *entry, const char *text, size_t size)
{
	wt_worker *worker;
	int err = wt_worker_create(&worker, entry, text, size, NULL);

	if (err)
		return err;
	wt_worker_on_error(worker, on_error, NULL);
	wt_worker_on_exit(worker, on_exit_, NULL);
	return wt_run();
}

int main(void)
{
	return run(reader, "42", 3) || run(reader, "many", 5) ||
	       run(careful_reader, "many", 5);
}
