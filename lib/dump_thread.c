/* SPDX-License-Identifier: MIT */
#include "dump.h"

#include <string.h>

#include "thread.h"
#include "thread_registry.h"
#include "wait.h"
#include "worker.h"

static const char *const dump_holds[WTI_HOLD_COUNT] = {
	[WTI_HOLD_PORT] = "port",           [WTI_HOLD_WORKER] = "worker", [WTI_HOLD_TIMER] = "timer",
	[WTI_HOLD_BROADCAST] = "broadcast", [WTI_HOLD_LOCK] = "lock",     [WTI_HOLD_WAIT] = "wait",
	[WTI_HOLD_MESSAGE] = "message",     [WTI_HOLD_TASK] = "task",     [WTI_HOLD_DRAIN] = "drain",
	[WTI_HOLD_SERVICE] = "service",
};

/* What keeps its loop alive, by kinds. */
static void dump_keeps(struct wti_text *text, struct wti_thread *thread)
{
	const char *before = " loop=";

	for (int kind = 0; kind < WTI_HOLD_COUNT; kind++) {
		uint32_t count = wti_load(&thread->loop_holds[kind]);

		if (!count)
			continue;
		wti_text_add(text, "%s%s:%u", before, dump_holds[kind], count);
		before = ",";
	}
	if (*before == ' ')
		wti_text_add(text, " loop=-");
}

/* What it sleeps for. Where it has just begun another sleep, object and time may be those of that. */
static void dump_sleep(struct wti_text *text, struct wti_thread *thread, int64_t now)
{
	const struct wti_wait_ops *ops = wti_load(&thread->sleeps_for);
	const void *object = wti_load(&thread->sleeps_on);

	if (!ops || !ops->name) {
		wti_text_add(text, " waits=%s", wti_load(&thread->interrupt) ? "interruptible" : "-");
		return;
	}
	wti_text_add(text, " waits=%s", ops->name);
	if (ops->kind && object)
		wti_dump_address(text, "on", ops->kind, object);
	wti_dump_seconds(text, "for", now - wti_load(&thread->sleeps_since));
}

static void dump_name(struct wti_text *text, const char *name)
{
	wti_text_add(text, " name=");
	wti_text_add_quoted(text, name, strlen(name));
}

struct dump_walk {
	struct wti_text *text;
	int64_t now;
	bool owned; /* lists of what threads own may be walked */
};

static void dump_rest(const struct dump_walk *walk, struct wti_thread *thread)
{
	dump_sleep(walk->text, thread, walk->now);
	dump_keeps(walk->text, thread);
	wti_text_add(walk->text, "\n");
	if (walk->owned)
		wti_dump_owned(walk->text, thread, walk->now);
}

static const char *dump_state(const struct wt_worker *worker)
{
	switch ((enum wti_worker_state)wti_load(&worker->state)) {
	case WTI_WORKER_RUNNING:
		return wti_load(&worker->online) ? "running" : "starting";
	case WTI_WORKER_ENDING:
		return "ending";
	case WTI_WORKER_TERMINATING:
		return wti_worker_is_zombie(worker) ? "overdue" : "terminating";
	case WTI_WORKER_ENDED:
		break;
	}
	return "ended";
}

/* Its creator gives it up under the source's lock, and is there until then. */
static void dump_creator(struct wti_text *text, struct wt_worker *worker)
{
	struct wti_thread *creator;

	wti_mutex_lock(&worker->source.lock);
	creator = wti_load(&worker->source.owner);
	if (creator)
		wti_text_add(text, " creator=%llu", (unsigned long long)creator->id);
	else
		wti_text_add(text, " creator=-");
	wti_mutex_unlock(&worker->source.lock);
}

/* Under the lock of the process's list of workers. */
static void dump_worker(struct wt_worker *worker, void *arg)
{
	struct dump_walk *walk = arg;

	wti_text_add(walk->text, "worker id=%llu", (unsigned long long)worker->thread.id);
	wti_dump_address(walk->text, "at", NULL, worker);
	dump_name(walk->text, worker->name);
	dump_creator(walk->text, worker);
	wti_text_add(walk->text, " state=%s", dump_state(worker));
	wti_dump_bool(walk->text, "ref", wti_load(&worker->refd));
	dump_rest(walk, &worker->thread);
}

/* Under the registry's. */
static void dump_thread(struct wti_thread *thread, void *arg)
{
	struct dump_walk *walk = arg;

	if (thread->worker)
		return; /* of those that are registered, too, the other list has all */
	wti_text_add(walk->text, "thread id=%llu", (unsigned long long)thread->id);
	dump_name(walk->text, thread->name);
	dump_rest(walk, thread);
}

void wti_dump_threads(struct wti_text *text, int64_t now)
{
	struct dump_walk walk = { .text = text, .now = now, .owned = wti_owned_walk_begin() };

	wti_registry_each(dump_thread, &walk);
	wti_process_each(dump_worker, &walk);
	if (walk.owned)
		wti_owned_walk_end();
	else
		wti_text_add(text, "incomplete reason=membarrier\n");
}
