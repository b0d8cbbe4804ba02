/* SPDX-License-Identifier: MIT
 *
 * Operations on named locks: nobody holds what another one holds, and who
 * waits gets what is free.
 */
#include "fuzz/world.h"

enum { LOCK_NAMES = 3 };

static const struct {
	const char *bytes;
	size_t size;
} lock_name[LOCK_NAMES] = { { "a", 1 }, { "b\0c", 3 }, { NULL, 0 } };

/* The name is nobody's since then, and nobody's request is pending; INT64_MAX: it is not. */
static int64_t lock_free_since[LOCK_NAMES];
static unsigned lock_thieves[LOCK_NAMES]; /* calls that steal it, under way */
/* It was left to the library, which gives it back at a moment that the world does not know. */
static bool lock_is_left[LOCK_NAMES];

void lock_begin(void)
{
	for (unsigned i = 0; i < LOCK_NAMES; i++) {
		lock_free_since[i] = INT64_MAX;
		lock_thieves[i] = 0;
		lock_is_left[i] = false;
	}
}

/* ---- Who has it ---- */

static bool lock_excludes(const struct held_lock *a, const struct held_lock *b)
{
	return a != b && b->lock && b->held && !b->stolen && a->name == b->name &&
	       (a->mode == WT_LOCK_EXCLUSIVE || b->mode == WT_LOCK_EXCLUSIVE);
}

static void lock_granted(struct held_lock *lock)
{
	lock->held = true;
	lock->pending = false;
	for (unsigned i = 0; i < ACTORS; i++)
		for (unsigned j = 0; j < ACTOR_LOCKS; j++)
			FUZZ_CHECK(lock->stolen || !lock_excludes(lock, &world.actor[i].lock[j]));
}

/* Before the call that steals: from then on it can be gone at any moment, also what is requested meanwhile. */
static void lock_steal(unsigned name)
{
	for (unsigned i = 0; i < ACTORS; i++)
		for (unsigned j = 0; j < ACTOR_LOCKS; j++)
			if (world.actor[i].lock[j].name == name)
				world.actor[i].lock[j].stolen = true;
}

static bool lock_is_anybodys(unsigned name)
{
	if (lock_is_left[name])
		return true;
	for (unsigned i = 0; i < ACTORS; i++)
		for (unsigned j = 0; j < ACTOR_LOCKS; j++) {
			const struct held_lock *lock = &world.actor[i].lock[j];

			if ((lock->lock || lock->pending) && lock->name == name)
				return true;
		}
	return false;
}

/* ---- Operations ---- */

static struct held_lock *lock_slot(struct actor *self)
{
	for (unsigned i = 0; i < ACTOR_LOCKS; i++)
		if (!self->lock[i].lock && !self->lock[i].pending)
			return &self->lock[i];
	return NULL;
}

static wt_lock_options lock_options(struct actor *self, struct held_lock *lock, const struct operation *op)
{
	wt_lock_options options = { .size = sizeof options };

	*lock = (struct held_lock){ .name = op->a % LOCK_NAMES, .actor = self->number };
	lock->mode = op->b & 1 ? WT_LOCK_SHARED : WT_LOCK_EXCLUSIVE;
	options.mode = lock->mode;
	options.if_available = (op->b & 0xe) == 2;
	options.steal = !lock->mode && (op->b & 0xe) == 4;
	if (options.steal)
		lock_steal(lock->name);
	lock->stolen = lock_thieves[lock->name];
	lock_thieves[lock->name] += options.steal;
	return options;
}

static void lock_judge(struct actor *self, const struct held_lock *lock, int err, wt_time deadline)
{
	fuzz_show("%u wants lock %u: %d", self->number, lock->name, err);
	FUZZ_CHECK(err == 0 || err == WT_EAGAIN || err == WT_EDEADLK || (err == WT_ETIMEDOUT && wt_now() >= deadline) ||
		   (err == WT_ETERMINATED && actor_is_terminated(self)));
	FUZZ_CHECK(!err == !!lock->lock);
	FUZZ_CHECK(err != WT_ETIMEDOUT || lock_free_since[lock->name] >= deadline);
}

void lock_acquire(struct actor *self, const struct operation *op)
{
	struct held_lock *lock = lock_slot(self);
	wt_time deadline = world_deadline(op->c);
	wt_lock_options options;
	int err;

	if (!lock)
		return;
	options = lock_options(self, lock, op);
	err = wt_lock_acquire(&lock->lock, lock_name[lock->name].bytes, lock_name[lock->name].size, &options, deadline);
	lock_thieves[lock->name] -= options.steal;
	if (!err) {
		lock_free_since[lock->name] = INT64_MAX;
		lock_granted(lock);
	}
	lock_judge(self, lock, err, deadline);
}

static void lock_on_result(wt_lock *handle, int result, void *arg)
{
	struct held_lock *lock = arg;

	FUZZ_CHECK(lock->lock == handle && lock->pending);
	FUZZ_CHECK(wt_thread_id() == world.actor[lock->actor].id);
	FUZZ_CHECK(result == 0 || result == WT_ETIMEDOUT);
	if (result == 0 && wt_lock_is_held(handle))
		lock_granted(lock);
	lock->pending = false;
}

void lock_request(struct actor *self, const struct operation *op)
{
	struct held_lock *lock = lock_slot(self);
	wt_time deadline = op->c % 8 ? world_later(op->c) : WT_FOREVER;
	wt_lock_options options;
	int err;

	if (!lock)
		return;
	options = lock_options(self, lock, op);
	lock->pending = true;
	lock_free_since[lock->name] = INT64_MAX;
	err = wt_lock_request(&lock->lock, lock_name[lock->name].bytes, lock_name[lock->name].size, &options,
			      lock_on_result, lock, deadline);
	lock_thieves[lock->name] -= options.steal;
	lock_free_since[lock->name] = INT64_MAX;
	if (err)
		lock->pending = false;
	lock_judge(self, lock, err, 0);
}

static void lock_give_back(struct held_lock *lock)
{
	wt_lock *handle = lock->lock;
	bool held = wt_lock_is_held(handle); /* a thief may come meanwhile */

	FUZZ_CHECK(held || !lock->held || lock->stolen);
	lock->lock = NULL;
	lock->held = lock->pending = false;
	wt_lock_release(handle);
}

void lock_release(struct actor *self, const struct operation *op)
{
	struct held_lock *lock = &self->lock[op->a % ACTOR_LOCKS];
	unsigned name = lock->name;

	if (!lock->lock)
		return;
	lock_give_back(lock);
	if (!lock_is_anybodys(name))
		lock_free_since[name] = wt_now();
}

/* Also where the library gives them back, which is when the thread has ended. */
void lock_leave(struct actor *self)
{
	for (unsigned i = 0; i < ACTOR_LOCKS; i++) {
		struct held_lock *lock = &self->lock[i];

		if (!lock->lock)
			continue;
		lock_free_since[lock->name] = INT64_MAX;
		if (self->tidies)
			lock_give_back(lock);
		else
			lock_is_left[lock->name] = true;
		lock->lock = NULL;
		lock->held = lock->pending = false;
	}
}
