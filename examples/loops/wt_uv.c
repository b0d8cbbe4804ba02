/* SPDX-License-Identifier: MIT */
#include "wt_uv.h"

#include <wt.h>

void wt_uv_update(struct wt_uv *glue)
{
	if (wt_loop_alive())
		uv_ref((uv_handle_t *)&glue->poll);
	else
		uv_unref((uv_handle_t *)&glue->poll);
}

static void uv_turn(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	if (wt_run_once(WT_NOW) == WT_ETERMINATED)
		uv_stop(poll->loop);
}

static void uv_before_wait(uv_prepare_t *prepare)
{
	wt_uv_update(prepare->data);
}

static void uv_after_wait(uv_check_t *check)
{
	wt_uv_update(check->data);
}

int wt_uv_start(struct wt_uv *glue, uv_loop_t *loop)
{
	int fd;
	int err = wt_loop_fd(&fd);

	if (!err)
		err = uv_poll_init(loop, &glue->poll, fd);
	if (err)
		return err;
	uv_prepare_init(loop, &glue->prepare);
	uv_check_init(loop, &glue->check);
	glue->prepare.data = glue->check.data = glue;
	uv_prepare_start(&glue->prepare, uv_before_wait);
	uv_check_start(&glue->check, uv_after_wait);
	uv_unref((uv_handle_t *)&glue->prepare);
	uv_unref((uv_handle_t *)&glue->check);
	err = uv_poll_start(&glue->poll, UV_READABLE, uv_turn);
	if (err)
		wt_uv_stop(glue);
	return err;
}

void wt_uv_stop(struct wt_uv *glue)
{
	uv_close((uv_handle_t *)&glue->poll, NULL);
	uv_close((uv_handle_t *)&glue->prepare, NULL);
	uv_close((uv_handle_t *)&glue->check, NULL);
}
