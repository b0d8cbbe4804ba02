/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <wt.h>

/* A log that a worker adds a line to, and makes longer first. */
static int add_line(wt_port *parent, const void *data, size_t size)
{
	static const char line[] = "second line\n";
	wt_shared *log;
	size_t end;
	int err = wt_worker_data_take_shared(0, &log);

	if (err)
		return err;
	end = wt_shared_size(log);
	err = wt_shared_grow(log, end + strlen(line));
	if (!err)
		memcpy((char *)wt_shared_data(log) + end, line,
		       strlen(line));
	wt_shared_release(log);
	return err;
}

/* The worker gets a hold of its own, and ours stays. */
static int run_worker(wt_shared *log)
{
	const wt_transfer list[] = { WT_SHARE(log) };
	wt_worker *worker;
	int code = 0;
	int err = wt_worker_create(&worker, add_line, NULL, 0,
				   WT_WORKER_OPTIONS(.transfer = list,
						     .transfer_count = 1));

	if (!err)
		err = wt_worker_join(worker, &code, WT_FOREVER);
	wt_worker_destroy(worker);
	return err ? err : code;
}

int main(void)
{
	static const char line[] = "first line\n";
	wt_shared *log;
	int err = wt_shared_create(&log, strlen(line), 1 << 20);

	if (err) {
		fprintf(stderr, "shared: %s\n", wt_strerror(err));
		return 1;
	}
	memcpy(wt_shared_data(log), line, strlen(line));
	err = run_worker(log);
	if (!err)
		printf("%.*s", (int)wt_shared_size(log),
		       (const char *)wt_shared_data(log));
	wt_shared_release(log);
	return err != 0;
}
