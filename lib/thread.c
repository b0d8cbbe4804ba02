/* SPDX-License-Identifier: MIT */
#include "thread.h"

#include <pthread.h>
#include <wt/thread.h>

#include "alloc.h"
#include "barrier.h"
#include "fork.h"
#include "os.h"
#include "thread_registry.h"
#include "trace.h"

_Thread_local struct wti_thread *wti_thread_self_ptr WTI_TLS_MODEL;

static _Atomic(uint64_t) thread_last_id;

/* Frees the records of threads that libwt did not start. */
static pthread_key_t thread_key;
static pthread_once_t thread_key_once = PTHREAD_ONCE_INIT;
static bool thread_key_made;

static void thread_end(void *record)
{
	struct wti_thread *thread = record;

	if (wti_forked())
		return;
	/* Other destructors of this thread may call in while we close what it owns. */
	wti_thread_self_ptr = thread;
	wti_thread_leave(thread);
	wti_thread_destroy(thread);
	wti_free_lines(thread);
}

static void thread_make_key(void)
{
	thread_key_made = pthread_key_create(&thread_key, thread_end) == 0;
}

void wti_thread_init(struct wti_thread *thread, struct wt_worker *worker)
{
	thread->id = wti_add(&thread_last_id, 1) + 1;
	thread->name = "";
	thread->worker = worker;
	wti_parker_init(&thread->parker);
	wti_owned_init(&thread->owned);
	wti_list_init(&thread->hot);
	wti_list_init(&thread->turn);
	wti_list_init(&thread->ports);
	wti_list_init(&thread->owing);
	wti_list_init(&thread->slots);
	wti_list_init(&thread->slots_free);
	wti_list_init(&thread->workers);
	wti_list_init(&thread->waits);
	wti_list_init(&thread->locks);
	wti_list_init(&thread->errands);
	wti_list_init(&thread->serving);
	wti_list_init(&thread->names);
	wti_list_init(&thread->broadcasts);
	wti_list_init(&thread->timers);
	wti_list_init(&thread->cargos);
	wti_list_init(&thread->pools);
	wti_list_init(&thread->pool_clients);
}

struct wti_thread *wti_thread_attach(void)
{
	struct wti_thread *thread;

	if (wti_forked() || wti_fork_prepare() != 0)
		return NULL;
	wti_barrier_init();
	pthread_once(&thread_key_once, thread_make_key);
	if (!thread_key_made)
		return NULL;
	thread = wti_alloc_lines(sizeof *thread);
	if (!thread)
		return NULL;
	if (pthread_setspecific(thread_key, thread) != 0) {
		wti_free_lines(thread);
		return NULL;
	}
	wti_thread_init(thread, NULL);
	if (wti_os->thread_is_first()) {
		thread->id = 0;
		thread->name = "main";
	}
	wti_registry_enter(thread);
	wti_thread_self_ptr = thread;
	wti_trace_enter(thread);
	return thread;
}

void wti_thread_enter(struct wti_thread *thread)
{
	wti_thread_self_ptr = thread;
	wti_trace_enter(thread);
}

void wti_thread_unwind(struct wti_thread *thread)
{
	wti_trace_unwind(thread);
	thread->loop_running = false;
	thread->loop_stop = false;
	thread->drains = 0;
	thread->deleters = 0;
	thread->deadlines_from = 0;
	thread->serving_depth = 0;
	wti_store(&thread->interrupt, NULL);
	/* What came last first: a worker that a callback destroyed closes its port, which must not be held any more. */
	for (int i = WTI_END_COUNT - 1; i >= 0; i--)
		if (thread->unwound[i])
			thread->unwound[i](thread);
}

/* What was entered so far, from `first` on and before `behind`, each once. False when nothing was. */
static bool thread_run_end(struct wti_thread *thread, int first, int behind)
{
	bool any = false;

	for (int i = first; i < behind; i++) {
		void (*end)(struct wti_thread *self) = thread->end[i];

		thread->end[i] = NULL;
		if (end)
			end(thread);
		any = any || end;
	}
	return any;
}

/*
 * Deleters that run meanwhile may make new things, which have their end entered
 * again. They have the thread's environment, streams and heap until the last.
 */
void wti_thread_leave(struct wti_thread *thread)
{
	thread->leaving = true;
	do {
		while (thread_run_end(thread, 0, WTI_END_ENVIRONMENT))
			;
	} while (thread_run_end(thread, WTI_END_ENVIRONMENT, WTI_END_COUNT));
	wti_trace_unwind(thread); /* of one that ends in a callback */
	wti_registry_leave(thread);
	wti_thread_self_ptr = NULL;
	if (thread->gone)
		thread->gone(thread);
}

void wti_thread_destroy(struct wti_thread *thread)
{
	wti_owned_destroy(&thread->owned);
	wti_parker_destroy(&thread->parker);
}

bool wt_is_main_thread(void)
{
	return wti_os->thread_is_first();
}

uint64_t wt_thread_id(void)
{
	const struct wti_thread *self = wti_thread_self();

	return self ? self->id : 0;
}

const char *wt_thread_name(void)
{
	const struct wti_thread *self = wti_thread_self();

	return self ? self->name : "";
}

bool wt_terminating(void)
{
	const struct wti_thread *self = wti_thread_peek();

	return self && wti_thread_terminating(self);
}
