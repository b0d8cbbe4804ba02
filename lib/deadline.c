/* SPDX-License-Identifier: MIT */
#include "deadline.h"

#include "loop.h"
#include "os.h"

static bool deadline_before(const struct wti_deadline *a, const struct wti_deadline *b)
{
	if (a->from != b->from)
		return a->from < b->from;
	return a->at != b->at ? a->at < b->at : a->serial < b->serial;
}

/* Two heaps become one; either may be empty. */
static struct wti_deadline *deadline_meld(struct wti_deadline *a, struct wti_deadline *b)
{
	if (!a || !b)
		return a ? a : b;
	if (deadline_before(b, a)) {
		struct wti_deadline *earlier = b;

		b = a;
		a = earlier;
	}
	b->back = a;
	b->sibling = a->child;
	if (b->sibling)
		b->sibling->back = b;
	a->child = b;
	return a;
}

static struct wti_deadline *deadline_take(struct wti_deadline **list)
{
	struct wti_deadline *first = *list;

	if (first) {
		*list = first->sibling;
		first->sibling = NULL;
		first->back = NULL;
	}
	return first;
}

/* Siblings become one heap: in pairs from the first on, then the pairs from the last on. */
static struct wti_deadline *deadline_meld_all(struct wti_deadline *list)
{
	struct wti_deadline *pairs = NULL, *heap = NULL;

	while (list) {
		struct wti_deadline *first = deadline_take(&list);
		struct wti_deadline *pair = deadline_meld(first, deadline_take(&list));

		pair->sibling = pairs;
		pairs = pair;
	}
	while (pairs)
		heap = deadline_meld(heap, deadline_take(&pairs));
	return heap;
}

static void deadline_cut(struct wti_deadline *deadline)
{
	if (deadline->back->child == deadline)
		deadline->back->child = deadline->sibling;
	else
		deadline->back->sibling = deadline->sibling;
	if (deadline->sibling)
		deadline->sibling->back = deadline->back;
}

void wti_deadline_init(struct wti_deadline *deadline, void (*fn)(struct wti_deadline *deadline, unsigned *calls))
{
	*deadline = (struct wti_deadline){ .fn = fn };
}

void wti_deadline_add(struct wti_thread *self, struct wti_deadline *deadline, wt_time at)
{
	deadline->at = at;
	deadline->from = at < self->deadlines_from ? self->deadlines_from : at;
	deadline->serial = ++self->deadline_serial;
	deadline->child = deadline->sibling = deadline->back = NULL;
	deadline->pending = true;
	self->deadlines = deadline_meld(self->deadlines, deadline);
	/* A program that polls the descriptor is to come in, which sets the timer. */
	if (!self->loop_running && self->deadlines == deadline)
		wti_parker_event_signal(&self->parker);
}

void wti_deadline_remove(struct wti_thread *self, struct wti_deadline *deadline)
{
	struct wti_deadline *rest;

	if (!deadline->pending)
		return;
	deadline->pending = false;
	rest = deadline_meld_all(deadline->child);
	if (deadline == self->deadlines) {
		self->deadlines = rest;
		return;
	}
	deadline_cut(deadline);
	self->deadlines = deadline_meld(self->deadlines, rest);
}

wt_time wti_deadlines_next(const struct wti_thread *self)
{
	return self->deadlines ? self->deadlines->from : WT_FOREVER;
}

bool wti_deadlines_due(const struct wti_thread *self)
{
	return self->deadlines && self->deadlines->from <= wti_os->clock();
}

void wti_deadlines_run(struct wti_thread *self, unsigned *calls)
{
	wt_time now;

	if (!self->deadlines)
		return;
	now = wti_os->clock();
	self->deadlines_from = now + 1;
	while (self->deadlines && self->deadlines->from <= now && !wti_loop_interrupted(self)) {
		struct wti_deadline *deadline = self->deadlines;

		wti_deadline_remove(self, deadline);
		deadline->fn(deadline, calls);
	}
	self->deadlines_from = 0;
}
