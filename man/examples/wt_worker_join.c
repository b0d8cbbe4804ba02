/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

static int endless(wt_port *parent, const void *data, size_t size)
{
	for (unsigned odd = 1; odd != 0; odd += 2)
		wt_checkpoint();
	return 0;
}

static int failing(wt_port *parent, const void *data, size_t size)
{
	wt_fail(WT_ENOMEM, "no room for %d rows", 1000000);
}

static void end(wt_worker *worker)
{
	const char *name = wt_worker_name(worker);
	wt_failure failure;
	int code;
	int err = wt_worker_join(worker, &code, wt_after_ms(50));

	if (err == WT_ETIMEDOUT) {
		printf("%s: still busy, told to end\n", name);
		err = wt_worker_terminate(worker, wt_after_ms(5000));
		if (!err)
			err = wt_worker_join(worker, &code, WT_NOW);
	}
	if (err)
		printf("%s: %s\n", name, wt_strerror(err));
	else if (wt_worker_failure(worker, &failure) == 0)
		printf("%s: failed: %s\n", name, failure.message);
	else
		printf("%s: code %d\n", name, code);
	wt_worker_destroy(worker);
}

static int start(wt_entry *entry, const char *name)
{
	wt_worker *worker;
	int err = wt_worker_create(&worker, entry, NULL, 0,
				   WT_WORKER_OPTIONS(.name = name));

	if (!err)
		end(worker);
	return err;
}

int main(void)
{
	int err = start(endless, "endless");

	if (!err)
		err = start(failing, "failing");
	if (err)
		fprintf(stderr, "worker: %s\n", wt_strerror(err));
	return err != 0;
}
