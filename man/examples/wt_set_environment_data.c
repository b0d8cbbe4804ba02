/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

static const char key[] = "verbosity";

/* Somewhere deep in a library, which was handed nothing. */
static void say(int level, const char *text)
{
	const int *verbosity =
		wt_get_environment_data(key, sizeof key, NULL);

	if (verbosity && level <= *verbosity)
		printf("%s\n", text);
}

static int worker_main(wt_port *parent, const void *data, size_t size)
{
	say(1, "important");
	say(2, "interesting");
	say(3, "boring");
	return 0;
}

int main(void)
{
	int verbosity = 2;
	wt_worker *worker;
	int err = wt_set_environment_data(key, sizeof key, &verbosity,
					  sizeof verbosity);

	if (!err)
		err = wt_worker_create(&worker, worker_main, NULL, 0,
				       NULL);
	if (err)
		return 1;
	err = wt_worker_join(worker, NULL, WT_FOREVER);
	wt_worker_destroy(worker);
	return err != 0;
}
