/* SPDX-License-Identifier: MIT */
#include "wt_ev.h"

#include <wt.h>

void wt_ev_update(struct wt_ev *glue)
{
	bool alive = wt_loop_alive();

	if (alive == glue->keeps)
		return;
	glue->keeps = alive;
	if (alive)
		ev_ref(glue->loop);
	else
		ev_unref(glue->loop);
}

static void ev_turn(struct ev_loop *loop, ev_io *io, int events)
{
	(void)io;
	(void)events;
	if (wt_run_once(WT_NOW) == WT_ETERMINATED)
		ev_break(loop, EVBREAK_ALL);
}

static void ev_before_wait(struct ev_loop *loop, ev_prepare *prepare, int events)
{
	(void)loop;
	(void)events;
	wt_ev_update(prepare->data);
}

static void ev_after_calls(struct ev_loop *loop, ev_check *check, int events)
{
	(void)loop;
	(void)events;
	wt_ev_update(check->data);
}

int wt_ev_start(struct wt_ev *glue, struct ev_loop *loop)
{
	int fd;
	int err = wt_loop_fd(&fd);

	if (err)
		return err;
	glue->loop = loop;
	glue->keeps = false;
	ev_io_init(&glue->io, ev_turn, fd, EV_READ);
	ev_prepare_init(&glue->prepare, ev_before_wait);
	ev_check_init(&glue->check, ev_after_calls);
	ev_set_priority(&glue->check, EV_MINPRI);
	glue->prepare.data = glue->check.data = glue;
	ev_io_start(loop, &glue->io);
	ev_prepare_start(loop, &glue->prepare);
	ev_check_start(loop, &glue->check);
	for (int watchers = 0; watchers < 3; watchers++)
		ev_unref(loop); /* none of them is a reason to go on */
	wt_ev_update(glue);
	return 0;
}

void wt_ev_stop(struct wt_ev *glue)
{
	if (glue->keeps)
		ev_unref(glue->loop);
	for (int watchers = 0; watchers < 3; watchers++)
		ev_ref(glue->loop);
	ev_io_stop(glue->loop, &glue->io);
	ev_prepare_stop(glue->loop, &glue->prepare);
	ev_check_stop(glue->loop, &glue->check);
}
