/* SPDX-License-Identifier: MIT
 *
 * Operations on broadcasts: what is posted under a name comes to all others
 * that have it open, once, in the poster's order.
 */
#include <string.h>

#include "fuzz/world.h"

enum { BROADCAST_MAGIC = 0x62726f61, BROADCAST_NAMES = 2, BROADCASTS = ACTORS * ACTOR_ENDPOINTS };

static const struct {
	const char *bytes;
	size_t size;
} broadcast_name[BROADCAST_NAMES] = { { "", 0 }, { "x\0", 2 } };

/* What one endpoint has heard, and is to hear, from another. */
struct hearing {
	unsigned expected; /* the number of its next post under the name, if `known` */
	bool known;
	unsigned due;   /* one behind the last that began and ended while both were open */
	int64_t due_at; /* when that ended */
};

static struct endpoint {
	wt_broadcast *broadcast;
	unsigned name;
	unsigned opened; /* how often: another time it is another one */
	bool limited, handled;
	unsigned turn[ACTORS]; /* of each actor's next post, by whichever of its endpoints */
	struct hearing hearing[BROADCASTS];
} endpoint[BROADCASTS];

/* Posts under each name, begun: by each endpoint, which does not hear its own; and by each actor. */
static unsigned broadcast_begun[BROADCAST_NAMES][BROADCASTS];
static unsigned broadcast_turn[BROADCAST_NAMES][ACTORS];

struct shout {
	uint32_t magic;
	uint32_t name, from, turn, number, endpoint;
};

void broadcast_begin(void)
{
	memset(endpoint, 0, sizeof endpoint);
	memset(broadcast_begun, 0, sizeof broadcast_begun);
	memset(broadcast_turn, 0, sizeof broadcast_turn);
}

static struct endpoint *broadcast_pick(const struct actor *self, unsigned choice)
{
	struct endpoint *own = &endpoint[self->number * ACTOR_ENDPOINTS];

	return &own[choice % ACTOR_ENDPOINTS];
}

/* ---- Messages ---- */

static void broadcast_hear(struct endpoint *at, const wt_message *message)
{
	struct hearing *hearing;
	struct shout shout;

	FUZZ_CHECK(message->size >= sizeof shout);
	memcpy(&shout, message->data, sizeof shout);
	FUZZ_CHECK(shout.magic == BROADCAST_MAGIC && shout.name == at->name);
	FUZZ_CHECK(shout.endpoint != (unsigned)(at - endpoint));
	FUZZ_CHECK(shout.turn >= at->turn[shout.from]);
	at->turn[shout.from] = shout.turn + 1;
	hearing = &at->hearing[shout.endpoint];
	FUZZ_CHECK(shout.number >= hearing->expected);
	FUZZ_CHECK(!hearing->known || at->limited || shout.number == hearing->expected);
	hearing->expected = shout.number + 1;
	hearing->known = true;
}

/* Nothing is still to come that was posted while it was open: before the call began, or before its deadline. */
static void broadcast_check_none(const struct endpoint *at, const struct hearing *before, int err, wt_time deadline)
{
	for (unsigned i = 0; i < BROADCASTS && !at->limited; i++) {
		const struct hearing *now = &at->hearing[i];

		FUZZ_CHECK(before[i].due <= now->expected);
		FUZZ_CHECK(err == WT_EAGAIN || now->due_at >= deadline || now->due <= now->expected);
	}
}

static void broadcast_on_message(wt_broadcast *broadcast, wt_message *message, void *arg)
{
	struct endpoint *at = arg;

	FUZZ_CHECK(at->broadcast == broadcast && at->handled);
	broadcast_hear(at, message);
}

/* ---- Operations ---- */

void broadcast_open(struct actor *self, const struct operation *op)
{
	struct endpoint *at = broadcast_pick(self, op->a);
	wt_broadcast_options options = { .size = sizeof options };

	if (at->broadcast)
		return;
	*at = (struct endpoint){ .name = op->b % BROADCAST_NAMES,
				 .opened = at->opened + 1,
				 .limited = op->c % 4 == 1,
				 .handled = op->c & 4 };
	if (at->limited)
		options.limit = 200;
	FUZZ_CHECK(wt_broadcast_open(&at->broadcast, broadcast_name[at->name].bytes, broadcast_name[at->name].size,
				     &options) == 0);
	if (at->handled)
		wt_broadcast_on_message(at->broadcast, broadcast_on_message, at);
	sched_drain_own();
}

/* How often each was opened that hears the poster from now on; 0: it does not. */
static void broadcast_note_audience(const struct endpoint *from, unsigned *audience)
{
	for (unsigned i = 0; i < BROADCASTS; i++) {
		const struct endpoint *at = &endpoint[i];

		audience[i] = at->broadcast && at->name == from->name && at != from ? at->opened : 0;
	}
}

/* When the post has returned: who closed meanwhile has not missed it. */
static void broadcast_note_due(unsigned from, unsigned number, const unsigned *audience)
{
	for (unsigned i = 0; i < BROADCASTS; i++) {
		struct hearing *hearing = &endpoint[i].hearing[from];

		if (!audience[i] || audience[i] != endpoint[i].opened)
			continue;
		hearing->due = number + 1;
		hearing->due_at = wt_now();
	}
}

void broadcast_post(struct actor *self, const struct operation *op)
{
	struct endpoint *from = broadcast_pick(self, op->a);
	unsigned char bytes[600] = { 0 };
	struct shout shout = { .magic = BROADCAST_MAGIC, .name = from->name, .from = self->number };
	unsigned audience[BROADCASTS];

	if (!from->broadcast)
		return;
	shout.endpoint = (uint32_t)(from - endpoint);
	shout.number = broadcast_begun[from->name][shout.endpoint]++;
	shout.turn = broadcast_turn[from->name][self->number]++;
	memcpy(bytes, &shout, sizeof shout);
	broadcast_note_audience(from, audience);
	FUZZ_CHECK(wt_broadcast_post(from->broadcast, bytes, op->b % 2 ? sizeof bytes : sizeof shout) == 0);
	sched_drain_own();
	broadcast_note_due(shout.endpoint, shout.number, audience);
}

void broadcast_receive(struct actor *self, const struct operation *op)
{
	struct endpoint *at = broadcast_pick(self, op->a);
	wt_time deadline = world_deadline(op->c);
	struct hearing before[BROADCASTS];
	wt_message message;
	int err;

	if (!at->broadcast)
		return;
	memcpy(before, at->hearing, sizeof before);
	err = wt_broadcast_receive(at->broadcast, &message, deadline);
	fuzz_show("%u listens at %u: %d", self->number, (unsigned)(at - endpoint), err);
	if (!err)
		broadcast_hear(at, &message);
	FUZZ_CHECK(err == 0 || err == WT_EAGAIN || (err == WT_ETIMEDOUT && wt_now() >= deadline) ||
		   (err == WT_ETERMINATED && actor_is_terminated(self)));
	if (op->b % 2)
		wt_message_release(&message);
	if (err == WT_EAGAIN || err == WT_ETIMEDOUT)
		broadcast_check_none(at, before, err, deadline);
}

static void broadcast_end(struct endpoint *at)
{
	wt_broadcast *broadcast = at->broadcast;

	at->broadcast = NULL;
	wt_broadcast_close(broadcast);
}

void broadcast_close(struct actor *self, const struct operation *op)
{
	struct endpoint *at = broadcast_pick(self, op->a);

	if (at->broadcast)
		broadcast_end(at);
}

void broadcast_leave(struct actor *self)
{
	for (unsigned i = 0; i < ACTOR_ENDPOINTS; i++) {
		struct endpoint *at = broadcast_pick(self, i);

		if (!at->broadcast)
			continue;
		if (self->tidies)
			broadcast_end(at);
		at->broadcast = NULL;
	}
}
