/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

/* Each line arrives whole, in whatever pieces it is written. */
static int count(wt_port *parent, const void *data, size_t size)
{
	FILE *out = wt_stdout();

	if (!out)
		return WT_ENOMEM;
	for (int i = 1; i <= 3; i++) {
		fputs(wt_thread_name(), out);
		fprintf(out, " counts %d\n", i);
	}
	return ferror(out) ? 1 : 0;
}

int main(void)
{
	const char *const names[] = { "anna", "bert" };
	wt_worker *worker;
	wt_worker_options options;
	int code = 0, err = 0;

	wt_worker_options_init(&options);
	for (int i = 0; i < 2 && !err && !code; i++) {
		options.name = names[i];
		err = wt_worker_create(&worker, count, NULL, 0, &options);
		if (!err)
			err = wt_worker_join(worker, &code, WT_FOREVER);
		wt_worker_destroy(worker);
	}
	return err || code;
}
