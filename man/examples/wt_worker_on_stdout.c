/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <wt.h>

static int number(wt_port *parent, const void *data, size_t size)
{
	FILE *in = wt_stdin(), *out = wt_stdout();
	char line[80];

	if (!in || !out)
		return WT_ENOMEM;
	for (int n = 1; fgets(line, sizeof line, in); n++)
		fprintf(out, "%d %s", n, line);
	return ferror(in) || ferror(out);
}

static void on_stdout(wt_worker *worker, const void *data, size_t size,
		      void *arg)
{
	fwrite(data, 1, size, stdout);
}

static void on_exit_(wt_worker *worker, int code, void *arg)
{
	printf("exit %d\n", code);
}

int main(void)
{
	static const char text[] = "first\nsecond\nthird\n";
	wt_worker *worker;
	wt_worker_options options;
	int err;

	wt_worker_options_init(&options);
	options.capture_stdout = true;
	options.feed_stdin = true;
	err = wt_worker_create(&worker, number, NULL, 0, &options);
	if (!err) {
		wt_worker_on_stdout(worker, on_stdout, NULL);
		wt_worker_on_exit(worker, on_exit_, NULL);
		err = wt_worker_feed_stdin(worker, text, strlen(text));
	}
	if (!err)
		err = wt_worker_end_stdin(worker);
	if (!err)
		err = wt_run();
	if (err)
		fprintf(stderr, "number: %s\n", wt_strerror(err));
	wt_worker_destroy(worker);
	return err != 0;
}
