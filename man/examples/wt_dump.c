/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wt.h>

static void tick(wt_timer *timer, void *arg)
{
	/* not called: the loop does not run */
}

/* The lines of a dump that begin with this. */
static int print_lines(const char *start)
{
	char *text = NULL, *rest;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	int err;

	if (!stream)
		return WT_ENOMEM;
	err = wt_dump(stream);
	fclose(stream);
	for (char *line = strtok_r(text, "\n", &rest); !err && line;
	     line = strtok_r(NULL, "\n", &rest))
		if (strncmp(line, start, strlen(start)) == 0)
			puts(line);
	free(text);
	return err;
}

int main(void)
{
	wt_timer *timer;
	wt_lock *lock;

	if (wt_timer_create(&timer, wt_after_ms(60000), 0, tick, NULL) ||
	    wt_lock_acquire(&lock, "store", 5, NULL, WT_FOREVER))
		return 1;
	if (print_lines("thread id=0 ") || print_lines("lock "))
		return 1;
	wt_lock_release(lock);
	wt_timer_destroy(timer);
	return 0;
}
