/* SPDX-License-Identifier: MIT
 *
 * Operations that post to threads by their ids: each message has one outcome,
 * and it is the true one.
 */
#include <string.h>

#include "fuzz/world.h"

enum { ERRANDS = 32 };

/* One message to a thread. */
static struct errand {
	unsigned handled; /* how often */
	int answer;       /* of the listener */
	unsigned from;    /* actor */
	bool over;        /* its outcome is known */
	bool refused;     /* ... and it has not been handled, nor will be */
} errand[ERRANDS];
static unsigned errands;

void thread_begin(void)
{
	memset(errand, 0, sizeof errand);
	errands = 0;
}

void thread_check(void)
{
	for (unsigned i = 0; i < errands; i++)
		FUZZ_CHECK(errand[i].handled <= 1);
}

static int thread_on_message(wt_message *message, uint64_t source, void *arg)
{
	struct actor *self = arg;
	unsigned number;

	(void)source;
	FUZZ_CHECK(self->listens && wt_thread_id() == self->id);
	FUZZ_CHECK(message->size == sizeof number);
	memcpy(&number, message->data, sizeof number);
	FUZZ_CHECK(number < errands && !errand[number].handled++ && !errand[number].refused);
	return errand[number].answer;
}

/* While it is removed, the last one may be at work. */
void thread_listen(struct actor *self, const struct operation *op)
{
	self->listens = true;
	FUZZ_CHECK(wt_on_thread_message(op->a % 4 ? thread_on_message : NULL, self) == 0);
	self->listens = op->a % 4;
}

static void thread_judge(const struct actor *self, struct errand *sent, int err)
{
	FUZZ_CHECK(!sent->over);
	sent->over = true;
	fuzz_show("%u hears of errand %u: %s", self->number, (unsigned)(sent - errand), err ? wt_err_name(err) : "0");
	switch (err) {
	case 0:
		FUZZ_CHECK(sent->handled == 1 && sent->answer == 0);
		break;
	case WT_ELISTENER:
		FUZZ_CHECK(sent->handled == 1 && sent->answer != 0);
		break;
	case WT_ETIMEDOUT:
	case WT_EDIED:
		break;
	case WT_ETERMINATED:
		FUZZ_CHECK(actor_is_terminated(self));
		break;
	default:
		FUZZ_CHECK(err == WT_EAGAIN || err == WT_ESRCH || err == WT_ENOLISTENER || err == WT_ESAMETHREAD);
		FUZZ_CHECK(!sent->handled);
		sent->refused = true;
	}
}

static void thread_on_outcome(int result, void *arg)
{
	struct errand *sent = arg;

	FUZZ_CHECK(wt_thread_id() == world.actor[sent->from].id);
	thread_judge(&world.actor[sent->from], sent, result);
}

void thread_post(struct actor *self, const struct operation *op)
{
	const struct actor *to = &world.actor[op->a % ACTORS];
	unsigned number = errands;
	wt_outgoing message = { .data = &number, .size = sizeof number };
	int err;

	if (errands == ERRANDS || !to->begun)
		return;
	errand[errands++] = (struct errand){ .answer = op->b & 2 ? 5 : 0, .from = self->number };
	if (op->b & 1) {
		err = wt_post_to_thread_async(to->id, &message, op->c % 4 ? world_later(op->c) : WT_FOREVER,
					      thread_on_outcome, &errand[number]);
		if (err)
			thread_judge(self, &errand[number], err);
	} else {
		err = wt_post_to_thread(to->id, &message, world_deadline(op->c));
		thread_judge(self, &errand[number], err);
	}
}
