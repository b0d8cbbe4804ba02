/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <wt.h>

/* A program's main function, made a worker. */
static int worker_main(wt_port *parent, const void *data, size_t size)
{
	int argc, loud = 0;
	char **argv = wt_argv(&argc);

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-l") == 0)
			loud = 1;
		else
			printf("hello %s%s\n", argv[i], loud ? "!" : "");
	}
	return 0;
}

int main(void)
{
	char *argv[] = { "hello", "anna", "-l", "bert", NULL };
	wt_worker *worker;
	int code = 0;
	int err = wt_worker_create(&worker, worker_main, NULL, 0,
				   WT_WORKER_OPTIONS(.argc = 4,
						     .argv = argv));

	if (!err)
		err = wt_worker_join(worker, &code, WT_FOREVER);
	wt_worker_destroy(worker);
	return err || code;
}
