/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <wt.h>

#define INTERVAL 10000000 /* nanoseconds */

static void tick(wt_timer *timer, void *arg)
{
	int *ticks = arg;

	printf("tick %d\n", ++*ticks);
	if (*ticks == 3)
		wt_timer_destroy(timer); /* which ends wt_run */
}

int main(void)
{
	wt_timer *timer;
	int ticks = 0;
	int err = wt_timer_create(&timer, wt_after_ns(INTERVAL), INTERVAL,
				  tick, &ticks);

	if (!err)
		err = wt_run();
	return err != 0;
}
