/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <wt.h>

/* A log that a worker adds a line to, and makes longer first. */
static int add_line(wt_port *parent, const void *data, size_t size)
{
	static const char line[] = "second line\n";
	wt_shared *log = *(wt_shared *const *)data;
	char *text = wt_shared_data(log);
	size_t end = wt_shared_size(log);
	int err = wt_shared_grow(log, end + strlen(line));

	if (!err)
		memcpy(text + end, line, strlen(line));
	wt_shared_release(log);
	return err;
}

int main(void)
{
	static const char line[] = "first line\n";
	wt_shared *log, *held;
	wt_worker *worker;
	int code = 1;
	int err = wt_shared_create(&log, strlen(line), 1 << 20);

	if (err) {
		fprintf(stderr, "shared: %s\n", wt_strerror(err));
		return 1;
	}
	memcpy(wt_shared_data(log), line, strlen(line));

	/* One hold for us, one for the worker. */
	held = wt_shared_hold(log);
	err = wt_worker_create(&worker, add_line, &held, sizeof held,
			       NULL);
	if (err) {
		wt_shared_release(held);
	} else {
		err = wt_worker_join(worker, &code, WT_FOREVER);
		wt_worker_destroy(worker);
	}
	if (!err && !code)
		printf("%.*s", (int)wt_shared_size(log),
		       (const char *)wt_shared_data(log));
	wt_shared_release(log);
	return err || code;
}
