/* SPDX-License-Identifier: MIT
 *
 * Operations on cells, counted: who was woken, and whom notify says that it
 * has woken [A1]. And timers, which are the loop's as the asynchronous waits are.
 */
#include "fuzz/world.h"

enum { CELLS = 2 };

static _Atomic(uint32_t) cell[CELLS];
static wt_shared *cell_shared; /* of asynchronous waits */
static size_t cell_notified;   /* as notify says */
static size_t cell_woken;      /* as those say who waited */
static size_t cell_lost;       /* asynchronous waits whose threads have ended */

void cell_begin(void)
{
	for (unsigned i = 0; i < CELLS; i++)
		cell[i] = 0;
	cell_notified = cell_woken = cell_lost = 0;
	FUZZ_CHECK(wt_shared_create(&cell_shared, 64, 0) == 0);
}

void cell_check(void)
{
	for (unsigned i = 0; i < ACTORS; i++)
		cell_lost += world.actor[i].async_waits;
	FUZZ_CHECK(cell_notified >= cell_woken && cell_notified <= cell_woken + cell_lost);
}

static void cell_judge(const struct actor *self, int err, wt_time deadline)
{
	fuzz_show("%u waits on a cell: %d", self->number, err);
	FUZZ_CHECK(err == 0 || err == WT_EAGAIN || (err == WT_ETIMEDOUT && wt_now() >= deadline) ||
		   (err == WT_ETERMINATED && actor_is_terminated(self)));
}

void cell_wait(struct actor *self, const struct operation *op)
{
	wt_time deadline = world_deadline(op->c);
	int err = op->a % 4 == 3 ? wt_atomics_wait(cell_shared, WT_I64, op->a >> 4 & 1, op->b % 2, deadline)
				 : wt_wait32(&cell[op->a % CELLS], op->b % 2, deadline);

	if (!err)
		cell_woken++;
	cell_judge(self, err, deadline);
}

void cell_notify(struct actor *self, const struct operation *op)
{
	static const size_t counts[] = { 1, 2, WT_ALL, 0 };
	size_t count = counts[op->b % 4], woken;

	if (op->a % 4 == 3)
		FUZZ_CHECK(wt_atomics_notify(cell_shared, WT_I64, op->a >> 4 & 1, count, &woken) == 0);
	else
		FUZZ_CHECK(wt_notify(&cell[op->a % CELLS], count, &woken) == 0);
	FUZZ_CHECK(woken <= count);
	cell_notified += woken;
	fuzz_show("%u wakes %u", self->number, (unsigned)woken);
}

void cell_store(struct actor *self, const struct operation *op)
{
	(void)self;
	if (op->a % 4 == 3)
		FUZZ_CHECK(wt_atomics_store(cell_shared, WT_I64, op->a >> 4 & 1, op->b % 2) == 0);
	else
		cell[op->a % CELLS] = op->b % 2;
}

static void cell_on_result(wt_shared *shared, int result, void *arg)
{
	struct actor *self = arg;

	FUZZ_CHECK(shared == cell_shared && wt_thread_id() == self->id && self->async_waits);
	FUZZ_CHECK(result == 0 || result == WT_ETIMEDOUT);
	self->async_waits--;
	cell_woken += !result;
}

void cell_wait_async(struct actor *self, const struct operation *op)
{
	wt_time deadline = op->c % 8 ? world_later(op->c) : WT_FOREVER;
	int err;

	self->async_waits++;
	err = wt_atomics_wait_async(cell_shared, WT_I64, op->a >> 4 & 1, op->b % 2, cell_on_result, self, deadline);
	if (err)
		self->async_waits--;
	cell_judge(self, err, 0);
}

/* ---- Timers ---- */

static void timer_on_time(wt_timer *timer, void *arg)
{
	struct actor *self = arg;

	FUZZ_CHECK(self->timer == timer && wt_thread_id() == self->id);
	FUZZ_CHECK(wt_now() >= self->timer_next);
	self->timer_next = wt_timer_next(timer);
}

static void timer_make(struct actor *self, const struct operation *op)
{
	self->timer_next = world_deadline(op->c);
	FUZZ_CHECK(wt_timer_create(&self->timer, self->timer_next, op->b % 2 * 1000000, timer_on_time, self) == 0);
}

void timer_set(struct actor *self, const struct operation *op)
{
	wt_timer *timer = self->timer;

	if (!timer) {
		timer_make(self, op);
		return;
	}
	switch (op->a % 3) {
	case 0:
		self->timer = NULL;
		wt_timer_destroy(timer);
		break;
	case 1:
		wt_timer_stop(timer);
		self->timer_next = WT_FOREVER;
		break;
	default:
		self->timer_next = world_deadline(op->c);
		FUZZ_CHECK(wt_timer_restart(timer, self->timer_next, op->b % 2 * 1000000) == 0);
	}
}

void cell_end(void)
{
	wt_shared_release(cell_shared);
}
