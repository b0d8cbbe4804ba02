/* SPDX-License-Identifier: MIT
 *
 * As cksum(1) for one file, in a libuv program: a timer shows how far the
 * worker is, and uv_run ends when the worker has.
 *
 *	$ uv LICENSE
 */
#include "cksum.h"
#include "wt_uv.h"

#include <stdio.h>

static void show(uv_timer_t *timer)
{
	cksum_show(timer->data);
}

static void run(struct cksum *cksum, struct wt_uv *glue, uv_loop_t *loop)
{
	uv_timer_t timer = { .data = cksum };

	uv_timer_init(loop, &timer);
	uv_timer_start(&timer, show, 50, 50);
	uv_unref((uv_handle_t *)&timer); /* the worker keeps the loop going, not the timer */
	uv_run(loop, UV_RUN_DEFAULT);

	uv_close((uv_handle_t *)&timer, NULL);
	wt_uv_stop(glue);
	uv_run(loop, UV_RUN_DEFAULT);
}

int main(int argc, char **argv)
{
	uv_loop_t *loop = uv_default_loop();
	struct wt_uv glue;
	struct cksum cksum;
	int err;

	if (argc != 2)
		return fprintf(stderr, "usage: uv FILE\n"), 2;
	err = wt_uv_start(&glue, loop);
	if (err)
		return fprintf(stderr, "uv: %s\n", wt_strerror(err)), 1;
	if (cksum_start(&cksum, argv[1]))
		return 1;
	run(&cksum, &glue, loop);
	return cksum_finish(&cksum);
}
