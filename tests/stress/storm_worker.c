/* SPDX-License-Identifier: MIT
 *
 * Workers end in every way that there is, by themselves or told to, at any
 * moment of their lives, some with workers of their own; and their creators,
 * workers themselves or not, listen, join, destroy or look away. Events come in
 * order, nothing that was posted is missing before the exit, the code is the
 * right one, and every cleanup has run. [W1] [W2] [W3] [W4] [W5]
 */
#include <poll.h>

#include "stress/crowd.h"
#include "support/element.h"

enum { WORKER_CREATORS = 3, WORKER_BATCH = 5, WORKER_POSTS = 50, WORKER_DEFERS = 12, WORKER_CODE = 40 };

enum worker_fate {
	WORKER_RETURNS,
	WORKER_EXITS,
	WORKER_FAILS,
	WORKER_ENDLESS, /* from here on they only end when they are told to */
	WORKER_RECEIVES = WORKER_ENDLESS,
	WORKER_SLEEPS,
	WORKER_WAITS,
	WORKER_RUNS,
	WORKER_CHECKS,
	WORKER_COMPUTES,
	WORKER_CALLS_SYSTEM,
	WORKER_JOINS,
	WORKER_FATES
};

/* What a worker is told. The pointers are to what outlives it. */
struct worker_order {
	struct storm_round *round;
	atomic_uint *posted; /* what it has posted; NULL for a worker of a worker */
	enum worker_fate fate;
	unsigned posts, defers;
	bool nests;
	uint64_t random;
};

/* ThreadSanitizer holds signals back from code that calls nothing, so nothing would end it there. */
#if defined(__SANITIZE_THREAD__)
#define WORKER_FATE_COMPUTES WORKER_CHECKS
#else
#define WORKER_FATE_COMPUTES WORKER_COMPUTES
#endif

static enum worker_fate worker_pick_fate(uint64_t *random)
{
	enum worker_fate fate = (enum worker_fate)random_pick(random, 0, WORKER_FATES - 1);

	return fate == WORKER_COMPUTES ? WORKER_FATE_COMPUTES : fate;
}

/* ---- A worker ---- */

static void worker_clean_up(void *arg)
{
	account_pay(arg, ACCOUNT_CLEANUPS, 1);
}

static void worker_post_all(wt_port *parent, const struct worker_order *order)
{
	unsigned char bytes[64];

	for (unsigned i = 0; i < order->posts && order->posted; i++) {
		element_fill(bytes, sizeof bytes, 0, i);
		if (wt_port_post(parent, bytes, sizeof bytes) == 0)
			atomic_fetch_add(order->posted, 1);
	}
}

static void worker_ignore(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	(void)message;
	(void)arg;
}

static void worker_compute(void *arg)
{
	for (volatile uint64_t *n = arg;; ++*n)
		;
}

static int worker_meet(wt_port *parent, const struct worker_order *order, wt_worker *child)
{
	uint32_t cell = 0;
	uint64_t n = 0;
	wt_message message;

	switch (order->fate) {
	case WORKER_RETURNS:
		return WORKER_CODE;
	case WORKER_EXITS:
		wt_exit(WORKER_CODE);
	case WORKER_FAILS:
		wt_fail(WORKER_CODE, "a storm");
	case WORKER_RECEIVES:
		return wt_port_receive(parent, &message, WT_FOREVER);
	case WORKER_WAITS:
		return wt_wait32(&cell, 0, WT_FOREVER);
	case WORKER_RUNS:
		wt_port_on_message(parent, worker_ignore, NULL);
		return wt_run();
	case WORKER_CHECKS:
		for (;;)
			wt_checkpoint();
	case WORKER_COMPUTES:
		return wt_interruptible(worker_compute, &n);
	case WORKER_CALLS_SYSTEM:
		while (!wt_terminating())
			poll(NULL, 0, -1);
		return 0;
	case WORKER_JOINS:
		return child ? wt_worker_join(child, NULL, WT_FOREVER) : wt_sleep(WT_FOREVER);
	default:
		return wt_sleep(WT_FOREVER);
	}
}

static int worker_entry(wt_port *parent, const void *data, size_t size);

/* A worker of a worker: its parent may end before it, and then ends it. */
static wt_worker *worker_nest(const struct worker_order *order, uint64_t *random)
{
	struct worker_order nested = { .round = order->round, .defers = 2, .random = support_random(random) };
	wt_worker *child = NULL;

	nested.fate = worker_pick_fate(random);
	if (nested.fate == WORKER_FAILS)
		nested.fate = WORKER_SLEEPS; /* nobody listens, and standard error is for failures of ours */
	if (order->fate == WORKER_JOINS)
		nested.fate = WORKER_SLEEPS;
	if (wt_worker_create(&child, worker_entry, &nested, sizeof nested, NULL) == 0 && random_chance(random, 4)) {
		wt_worker_destroy(child);
		child = NULL;
	}
	return child;
}

static int worker_entry(wt_port *parent, const void *data, size_t size)
{
	const struct worker_order *order = data;
	uint64_t random = order->random;
	wt_worker *child = NULL;
	void *block = wt_alloc(random_pick(&random, 1, 5000));

	(void)size;
	for (unsigned i = 0; i < order->defers; i++)
		if (STORM_OK(order->round, wt_defer(worker_clean_up, &order->round->account)))
			account_owe(&order->round->account, ACCOUNT_CLEANUPS, 1);
	if (order->nests)
		child = worker_nest(order, &random);
	worker_post_all(parent, order);
	if (random_chance(&random, 2))
		wt_free(block);
	return worker_meet(parent, order, child);
}

/* ---- Its creator ---- */

enum worker_care {
	WORKER_HEARD, /* by its events, to the exit */
	WORKER_JOINED,
	WORKER_DESTROYED, /* at any moment */
	WORKER_DESTROYED_IN_CALLBACK,
	WORKER_CARES
};

struct worker_watch {
	struct storm_round *round;
	struct worker_order order;
	enum worker_care care;
	bool told; /* to end, though it may end by itself */
	wt_worker *worker;
	atomic_uint posted;
	/* What its creator's loop has heard. */
	unsigned met;
	bool online, failed, exited;
};

static void worker_end(struct worker_watch *watch)
{
	wt_worker_destroy(watch->worker);
	watch->worker = NULL;
	account_pay(&watch->round->account, ACCOUNT_WORKERS, 1);
}

static void worker_on_online(wt_worker *worker, void *arg)
{
	struct worker_watch *watch = arg;

	(void)worker;
	CHECK(&watch->round->verdict,
	      watch->worker && !watch->online && !watch->met && !watch->failed && !watch->exited);
	watch->online = true;
	if (watch->care == WORKER_DESTROYED_IN_CALLBACK && watch->order.posts % 2)
		worker_end(watch);
}

static void worker_on_message(wt_worker *worker, wt_message *message, void *arg)
{
	struct worker_watch *watch = arg;
	uint64_t sequence = 0;
	uint32_t producer;

	(void)worker;
	CHECK(&watch->round->verdict, watch->worker && watch->online && !watch->failed && !watch->exited);
	CHECK(&watch->round->verdict, element_check(message->data, message->size, &producer, &sequence));
	CHECK(&watch->round->verdict, sequence == watch->met);
	watch->met++;
	if (watch->care == WORKER_DESTROYED_IN_CALLBACK)
		worker_end(watch);
}

static void worker_on_error(wt_worker *worker, const wt_failure *failure, void *arg)
{
	struct worker_watch *watch = arg;

	(void)worker;
	CHECK(&watch->round->verdict, watch->worker && !watch->failed && !watch->exited);
	CHECK(&watch->round->verdict, watch->order.fate == WORKER_FAILS && failure->code == WORKER_CODE);
	watch->failed = true;
}

static bool worker_code_is_right(const struct worker_watch *watch, int code)
{
	if (watch->order.fate >= WORKER_FAILS || (code == 1 && watch->told))
		return code == 1;
	return code == WORKER_CODE;
}

static void worker_on_exit(wt_worker *worker, int code, void *arg)
{
	struct worker_watch *watch = arg;

	(void)worker;
	CHECK(&watch->round->verdict, watch->worker && !watch->exited);
	CHECK(&watch->round->verdict, worker_code_is_right(watch, code));
	CHECK(&watch->round->verdict, watch->failed || watch->told || watch->order.fate != WORKER_FAILS);
	CHECK(&watch->round->verdict, watch->met == atomic_load(&watch->posted));
	watch->exited = true;
	worker_end(watch);
}

static void worker_create(struct worker_watch *watch, uint64_t *random)
{
	wt_worker_options options = { .size = sizeof options, .destroy_timeout = WT_FOREVER };

	options.fresh_thread = random_chance(random, 8);
	options.heap_limit = random_chance(random, 4) ? 100000 : 0;
	if (!STORM_OK(watch->round,
		      wt_worker_create(&watch->worker, worker_entry, &watch->order, sizeof watch->order, &options)))
		return;
	account_owe(&watch->round->account, ACCOUNT_WORKERS, 1);
	wt_worker_on_error(watch->worker, worker_on_error, watch);
	wt_worker_on_exit(watch->worker, worker_on_exit, watch);
	if (watch->care == WORKER_JOINED)
		wt_worker_unref(watch->worker);
	wt_worker_on_online(watch->worker, worker_on_online, watch);
	wt_worker_on_message(watch->worker, worker_on_message, watch);
}

/* Fates and cares that go together: who hears nothing but the end has to tell the endless to come to it. */
static void worker_choose(struct worker_watch *watch, struct storm_round *round, uint64_t *random)
{
	*watch = (struct worker_watch){ .round = round };
	watch->care = (enum worker_care)random_pick(random, 0, WORKER_CARES - 1);
	watch->order = (struct worker_order){
		.round = round,
		.posted = &watch->posted,
		.fate = worker_pick_fate(random),
		.posts = (unsigned)random_pick(random, 0, WORKER_POSTS),
		.defers = (unsigned)random_pick(random, 0, WORKER_DEFERS),
		.random = support_random(random),
	};
	watch->order.nests = watch->order.fate == WORKER_JOINS || random_chance(random, 6);
	watch->told = watch->order.fate >= WORKER_ENDLESS || random_chance(random, 3);
}

static void worker_tell(struct worker_watch *watch, uint64_t *random)
{
	int err;

	if (!watch->worker || !watch->told)
		return;
	if (random_chance(random, 2))
		STORM_OK(watch->round, wt_sleep(wt_after_us(random_pick(random, 0, 200))));
	err = wt_worker_terminate(watch->worker, random_chance(random, 2) ? WT_NOW : WT_FOREVER);
	if (err && err != WT_EAGAIN)
		STORM_OK(watch->round, err);
}

static void worker_join(struct worker_watch *watch)
{
	int code = 0;

	if (!watch->worker || watch->care != WORKER_JOINED)
		return;
	STORM_OK(watch->round, wt_worker_join(watch->worker, &code, WT_FOREVER));
	CHECK(&watch->round->verdict, worker_code_is_right(watch, code));
	worker_end(watch);
}

/* Some at a time, to their ends. */
static void worker_generation(struct storm_round *round, uint64_t *random)
{
	unsigned count = (unsigned)random_pick(random, 1, WORKER_BATCH);
	struct worker_watch watches[WORKER_BATCH];

	for (unsigned i = 0; i < count; i++) {
		worker_choose(&watches[i], round, random);
		worker_create(&watches[i], random);
	}
	for (unsigned i = 0; i < count; i++) {
		if (watches[i].worker && watches[i].care == WORKER_DESTROYED)
			worker_end(&watches[i]);
		worker_tell(&watches[i], random);
	}
	for (unsigned i = 0; i < count; i++)
		worker_join(&watches[i]);
	STORM_OK(round, wt_run());
	for (unsigned i = 0; i < count; i++)
		CHECK(&round->verdict, !watches[i].worker);
}

/* ---- The round ---- */

struct worker_creator {
	struct storm_round *round;
	uint64_t random;
};

static void worker_create_all(void *arg)
{
	struct worker_creator *creator = arg;

	while (!storm_is_over(creator->round))
		worker_generation(creator->round, &creator->random);
}

static void worker_run(struct storm_round *round)
{
	struct worker_creator creators[WORKER_CREATORS];
	unsigned count = (unsigned)storm_pick(round, 1, WORKER_CREATORS);
	struct crowd crowd = { .round = round };

	storm_say(round, "%u creators", count);
	for (unsigned i = 0; i < count; i++) {
		creators[i] = (struct worker_creator){ .round = round, .random = storm_fork(round) };
		crowd_add(&crowd, worker_create_all, &creators[i]);
	}
	crowd_join(&crowd);
}

const struct storm storm_worker = { "worker", worker_run };
