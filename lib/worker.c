/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "crew.h"
#include "environment.h"
#include "error.h"
#include "fork.h"
#include "interrupt.h"
#include "loop.h"
#include "os.h"
#include "trace.h"
#include "transfer.h"
#include "wait.h"

#define WORKER_DESTROY_TIMEOUT 1000000000 /* ns */

enum { WORKER_NICE_MIN = -20, WORKER_NICE_MAX = 19 };

/* ---- Create ---- */

static int worker_read_options(wt_worker_options *to, const wt_worker_options *options)
{
	int err = wti_options_read(to, sizeof *to, options);

	if (err)
		return err;
	if (to->destroy_timeout < 0)
		return WT_EINVAL;
	if (to->isolation == WT_PROCESS)
		return WT_ENOTSUP;
	if (to->isolation != WT_THREAD || to->cpu < 0 || to->nice < WORKER_NICE_MIN || to->nice > WORKER_NICE_MAX)
		return WT_EINVAL;
	if (to->stack_size) {
		if (to->stack_size < (size_t)PTHREAD_STACK_MIN)
			return WT_EINVAL;
		if (to->stack_size > WTI_SIZE_MAX)
			return WT_EOVERFLOW;
		to->stack_size = wti_round_up(to->stack_size, (size_t)sysconf(_SC_PAGESIZE));
	}
	if (!to->destroy_timeout)
		to->destroy_timeout = WORKER_DESTROY_TIMEOUT;
	return 0;
}

int wti_worker_check_options(const wt_worker_options *options)
{
	wt_worker_options read;

	return worker_read_options(&read, options);
}

/* Room for the name that a worker gets without one of the program's. */
#define WORKER_NAME_MAX sizeof "worker-18446744073709551615"

/* By hand: snprintf took a fiftieth of the whole life of a worker that has nothing to do. */
static void worker_name_by_id(char *to, uint64_t id)
{
	char digits[20];
	size_t n = 0;

	memcpy(to, "worker-", sizeof "worker-" - 1);
	to += sizeof "worker-" - 1;
	do {
		digits[n++] = (char)('0' + id % 10);
		id /= 10;
	} while (id);
	while (n)
		*to++ = digits[--n];
	*to = '\0';
}

static void worker_set_name(struct wt_worker *worker, char *to, const char *name)
{
	if (name)
		memcpy(to, name, strlen(name) + 1);
	else
		worker_name_by_id(to, worker->thread.id);
	worker->name = to;
	worker->thread.name = to;
}

/* What goes into the worker's block behind the struct, in this order. */
struct worker_content {
	size_t cargo;     /* bytes, keeping what follows aligned; 0: nothing comes along */
	size_t arguments; /* the same */
	const struct wti_worker_program *program;
};

static size_t worker_name_size(const char *name)
{
	return name ? strlen(name) + 1 : WORKER_NAME_MAX;
}

static void worker_fill(struct wt_worker *worker, const struct worker_content *content,
			const wt_worker_options *options)
{
	const struct wti_worker_program *program = content->program;
	unsigned char *rest = (unsigned char *)(worker + 1);

	if (content->cargo)
		worker->cargo = (struct wti_cargo *)(void *)rest;
	rest += content->cargo;
	if (content->arguments)
		wti_worker_argv_copy(worker, rest, options);
	rest += content->arguments;
	worker->entry = program->entry;
	worker->host = program->host;
	worker->skipped = program->skipped;
	if (program->size) {
		worker->data = rest;
		worker->size = program->size;
		memcpy(worker->data, program->data, program->size);
	}
	worker_set_name(worker, (char *)rest + program->size, options->name);
}

/* A worker without channel and thread. */
static struct wt_worker *worker_alloc(struct wti_thread *creator, const struct worker_content *content,
				      const wt_worker_options *options)
{
	struct wt_worker *worker;
	size_t total = sizeof *worker + worker_name_size(options->name) + content->cargo;

	if (__builtin_add_overflow(total, content->arguments, &total) ||
	    __builtin_add_overflow(total, content->program->size, &total))
		return NULL;
	worker = wti_alloc_lines(total);
	if (!worker)
		return NULL;
	wti_store(&worker->holders, 2);
	wti_poke_init(&worker->poke);
	wti_waiters_init(&worker->joiners);
	wti_source_init(&worker->source, &wti_worker_source_ops, creator);
	wti_list_init(&worker->sibling);
	wti_list_init(&worker->dropped);
	wti_list_init(&worker->living);
	wti_thread_init(&worker->thread, worker);
	worker_fill(worker, content, options);
	WTI_MADE(worker, WORKER);
	WTI_NAMED(worker, worker->thread.id, worker->name, strlen(worker->name));
	if (worker->host)
		WTI_EXCUSED(worker);
	return worker;
}

static void worker_free(struct wt_worker *worker)
{
	wti_environment_drop(&worker->thread); /* of one that never ran */
	wti_thread_destroy(&worker->thread);
	wti_source_destroy(&worker->source);
	wti_waiters_destroy(&worker->joiners);
	wti_poke_destroy(&worker->poke);
	wti_free_lines_late(worker);
}

/* Deleters may destroy the worker. */
static void worker_destroy_dropped(struct wt_worker *worker)
{
	struct wti_list dropped;

	wti_list_init(&dropped);
	wti_list_move_all(&dropped, &worker->dropped);
	wti_cargo_destroy_all(&dropped);
}

/* A creator that ends destroys the workers that it has not destroyed itself. */
static void worker_creator_end(struct wti_thread *self)
{
	/* All at once first: they end side by side. */
	for (struct wti_list *link = self->workers.next; link != &self->workers; link = link->next)
		wti_worker_stop(wti_list_entry(link, struct wt_worker, sibling));
	while (!wti_list_empty(&self->workers)) {
		struct wt_worker *worker = wti_list_entry(self->workers.next, struct wt_worker, sibling);

		worker->destroyed = true; /* a deleter may ask for it again */
		wti_worker_finish_destroy(worker);
	}
}

static bool worker_is_destroyed(const struct wt_worker *worker)
{
	return worker->destroyed;
}

static bool worker_has_dropped(const struct wt_worker *worker)
{
	return !wti_list_empty(&worker->dropped);
}

/* The first of the thread's workers that is as asked; or NULL. */
static struct wt_worker *worker_first(struct wti_thread *self, bool (*is)(const struct wt_worker *worker))
{
	for (struct wti_list *link = self->workers.next; link != &self->workers; link = link->next) {
		struct wt_worker *worker = wti_list_entry(link, struct wt_worker, sibling);

		if (is(worker))
			return worker;
	}
	return NULL;
}

/*
 * Callbacks were left by a jump, or hooks; what they destroyed is still to be
 * destroyed, and what waited for them. Deleters may destroy others in that.
 */
static void worker_creator_unwound(struct wti_thread *self)
{
	struct wt_worker *worker;

	for (struct wti_list *link = self->workers.next; link != &self->workers; link = link->next)
		wti_list_entry(link, struct wt_worker, sibling)->callbacks = 0;
	while ((worker = worker_first(self, worker_has_dropped)))
		worker_destroy_dropped(worker);
	while ((worker = worker_first(self, worker_is_destroyed)))
		wti_worker_finish_destroy(worker);
}

static void worker_enlist(struct wt_worker *worker, struct wti_thread *self)
{
	self->end[WTI_END_WORKERS] = worker_creator_end;
	self->unwound[WTI_END_WORKERS] = worker_creator_unwound;
	wti_list_append(&self->workers, &worker->sibling);
	wti_loop_set_hold(self, WTI_HOLD_WORKER, &worker->refd, true);
	wti_loop_watch(&worker->source);
	self->starting = &worker->online;
}

static void worker_delist(struct wt_worker *worker, struct wti_thread *self)
{
	wti_list_remove(&worker->sibling);
	if (self->starting == &worker->online)
		self->starting = NULL;
	wti_loop_set_hold(self, WTI_HOLD_WORKER, &worker->refd, false);
	wti_source_detach(&worker->source);
}

/*
 * What comes along is given up only now that the thread is there, and nothing
 * can fail any more; the thread waits for it.
 */
static void worker_load(struct wt_worker *worker, const wt_worker_options *options)
{
	const wt_outgoing cargo = { .transfer = options->transfer, .transfer_count = options->transfer_count };

	if (!worker->cargo)
		return;
	wti_transfer_pack(worker->cargo, 0, &cargo, NULL, &worker->dropped);
	wti_store_rel(&worker->loaded, 1); /* pairs with worker_await_cargo [worker-cargo] */
	wti_unpark(&worker->thread.parker);
}

static void worker_set_options(struct wt_worker *worker, const wt_worker_options *options)
{
	worker->destroy_timeout = options->destroy_timeout;
	worker->stack_size = options->stack_size;
	worker->thread.heap.limit = options->heap_limit;
	worker->cpu = options->cpu;
	worker->nice = options->nice;
	worker->stays = !options->fresh_thread && !options->stack_size && !options->cpu && !options->nice;
}

/* On a thread that is there, or a new one. */
static int worker_start(struct wt_worker *worker)
{
	int err;

	if (worker->stays) {
		worker->hired = worker->thread_taken = true;
		if (wti_crew_hire(&worker->hand, wti_worker_run, worker))
			return 0;
		worker->hired = worker->thread_taken = false;
	}
	err = wti_crew_start(&worker->hand, &worker->pthread, worker->stack_size, wti_worker_run, worker);
	if (!err)
		wti_store_rel(&worker->thread_known, 1); /* pairs with process_let_go [worker-thread] */
	return err;
}

static int worker_create(struct wt_worker **out, struct wti_thread *self, const struct worker_content *content,
			 const wt_worker_options *options)
{
	struct wt_worker *worker = worker_alloc(self, content, options);
	int err;

	if (!worker)
		return WT_ENOMEM;
	worker_set_options(worker, options);
	err = wti_environment_inherit(&worker->thread, self, options->env);
	if (err)
		goto out_worker;
	err = wti_channel_create(self, &worker->thread, options->channel, &worker->port, &worker->thread.parent);
	if (err)
		goto out_worker;
	worker->port->worker = worker;
	worker->port->before_turn = wti_worker_before_messages;
	err = wti_worker_lay_streams(worker, self, options);
	if (err)
		goto out_channel;
	err = wti_process_add(worker);
	if (err)
		goto out_streams;
	wti_interrupt_prepare();
	worker_enlist(worker, self);
	WTI_PROBE2(create, worker->thread.id, worker->name);
	wti_trace_mark(self, WTI_TRACE_CREATE, worker->thread.id);
	*out = worker; /* before the thread: what the creator shares may lead it here */
	err = worker_start(worker);
	if (err)
		goto out_enlisted;
	if (worker->hired)
		self->starting = NULL; /* its thread runs, or wakes: worth polling for */
	worker_load(worker, options);
	wti_worker_created(worker);
	worker_destroy_dropped(worker); /* last: it may be gone then */
	return 0;

out_enlisted:
	*out = NULL;
	worker_delist(worker, self);
	wti_process_remove(worker);
out_streams:
	wti_worker_discard_streams(worker);
out_channel:
	wti_channel_discard(worker->port);
out_worker:
	worker_free(worker);
	return err;
}

void wt_worker_options_init(wt_worker_options *options)
{
	if (options)
		*options = (wt_worker_options){ .size = sizeof *options };
}

int wti_worker_create(wt_worker **worker, const struct wti_worker_program *program, const wt_worker_options *options)
{
	struct worker_content content = { .program = program };
	wt_worker_options read;
	struct wti_thread *self;
	int err;

	if (!worker)
		return WT_EINVAL;
	*worker = NULL;
	if (!program->entry || (!program->data && program->size))
		return WT_EINVAL;
	if (program->size > WTI_SIZE_MAX)
		return WT_EOVERFLOW;
	err = worker_read_options(&read, options);
	if (!err)
		err = wti_worker_argv_size(&read, &content.arguments);
	if (!err)
		err = wti_transfer_check(read.transfer, read.transfer_count, &(struct wti_route){ 0 });
	if (err)
		return err;
	self = wti_thread_self();
	if (!self)
		return wti_fork_error(WT_ENOMEM);
	if (wti_thread_terminating(self))
		return WT_ETERMINATED;
	if (read.transfer_count)
		content.cargo = wti_round_up(wti_cargo_size(read.transfer_count), _Alignof(max_align_t));
	return worker_create(worker, self, &content, &read);
}

int wt_worker_create(wt_worker **worker, wt_entry *entry, const void *data, size_t size,
		     const wt_worker_options *options)
{
	const struct wti_worker_program program = { .entry = entry, .data = data, .size = size };

	return wti_worker_create(worker, &program, options);
}

/* ---- For any thread ---- */

int wt_worker_post(wt_worker *worker, const void *data, size_t size)
{
	WTI_USES(worker, WORKER);
	return worker ? wt_port_post(worker->port, data, size) : WT_EINVAL;
}

wt_port *wt_worker_port(wt_worker *worker)
{
	WTI_USES(worker, WORKER);
	return worker ? worker->port : NULL;
}

uint64_t wt_worker_id(const wt_worker *worker)
{
	WTI_USES(worker, WORKER);
	return worker ? worker->thread.id : 0;
}

const char *wt_worker_name(const wt_worker *worker)
{
	WTI_USES(worker, WORKER);
	return worker ? worker->name : "";
}

struct worker_join {
	struct wt_worker *worker;
	struct wti_waiter waiter;
};

static bool worker_join_ready(void *what)
{
	struct worker_join *join = what;

	return wti_worker_has_ended(join->worker);
}

static bool worker_join_arm(void *what)
{
	struct worker_join *join = what;

	wti_waiters_add(&join->worker->joiners, &join->waiter);
	return false;
}

static void worker_join_disarm(void *what)
{
	struct worker_join *join = what;

	wti_waiters_remove(&join->worker->joiners, &join->waiter);
}

static const void *worker_join_object(void *what)
{
	const struct worker_join *join = what;

	return join->worker;
}

static const struct wti_wait_ops worker_join_ops = {
	.name = "end",
	.kind = "worker",
	.object = worker_join_object,
	.ready = worker_join_ready,
	.arm = worker_join_arm,
	.disarm = worker_join_disarm,
};

static int worker_await_end(struct wt_worker *worker, struct wti_thread *self, wt_time deadline, bool through)
{
	struct worker_join join = { .worker = worker };
	wt_time until;
	int err;

	/* The usual case for who has heard of it: the locks below, which the worker took last, would only cost. */
	if (wti_worker_has_ended(worker) && (through || !wti_thread_terminating(self)))
		return 0;
	wti_waiter_init(&join.waiter, self);
	do {
		until = wti_poke_while_waiting(&worker->poke, deadline);
		if (through)
			err = wti_wait_through(self, &worker_join_ops, &join, until);
		else
			err = wti_wait(self, &worker_join_ops, &join, until);
	} while (err == WT_ETIMEDOUT && until != deadline);
	return err;
}

int wt_worker_join(wt_worker *worker, int *code, wt_time deadline)
{
	struct wti_thread *self;
	int err;

	WTI_USES(worker, WORKER);
	if (!worker || deadline < 0)
		return WT_EINVAL;
	self = wti_thread_self();
	if (!self)
		return wti_fork_error(WT_ENOMEM);
	if (self == &worker->thread)
		return WT_EDEADLK;
	err = worker_await_end(worker, self, deadline, false);
	if (!err)
		WTI_OWED(worker);
	if (!err && code)
		*code = worker->code;
	return err;
}

void wti_worker_stop(struct wt_worker *worker)
{
	uint32_t expected = WTI_WORKER_RUNNING;

	if (wti_worker_has_ended(worker))
		return; /* and spare the cache lines that its thread wrote last */
	/* Relaxed: nothing is read through it; the flag below is what the worker hears. */
	wti_cas(&worker->state, &expected, WTI_WORKER_TERMINATING);
	/* Relaxed, for the token that follows orders it: whoever takes that sees the flag. */
	wti_store(&worker->thread.terminating, 1);
	wti_unpark(&worker->thread.parker);
	wti_poke_begin(&worker->poke);
}

int wt_worker_terminate(wt_worker *worker, wt_time deadline)
{
	struct wti_thread *self;
	int err;

	WTI_USES(worker, WORKER);
	if (!worker || deadline < 0)
		return WT_EINVAL;
	self = wti_thread_self();
	if (!self)
		return wti_fork_error(WT_ENOMEM);
	wti_worker_stop(worker);
	if (self == &worker->thread)
		return 0;
	err = worker_await_end(worker, self, deadline, false);
	if (!err)
		WTI_OWED(worker);
	if (err == WT_ETIMEDOUT)
		wti_store(&worker->overdue, 1);
	return err;
}

int wt_worker_failure(wt_worker *worker, wt_failure *failure)
{
	WTI_USES(worker, WORKER);
	if (!worker || !failure)
		return WT_EINVAL;
	*failure = (wt_failure){ 0 };
	if (wti_forked())
		return WT_EFORKED;
	if (!wti_worker_has_ended(worker) || !worker->failed)
		return WT_EAGAIN;
	wti_store(&worker->failure_read, 1);
	failure->code = worker->failure_code;
	failure->message = worker->failure_message;
	return 0;
}

/* ---- Destroy ---- */

void wti_worker_release(struct wt_worker *worker)
{
	/* counter: who frees has seen all that the other did */
	if (wti_sub_acqrel(&worker->holders, 1) == 1)
		worker_free(worker);
}

/* After this, the creator's loop calls nothing for the worker. */
static void worker_give_up(struct wt_worker *worker, struct wti_thread *self)
{
	wti_port_close_silently(worker->port);
	wti_worker_give_up_streams(worker);
	worker_delist(worker, self);
}

/*
 * Join the thread, or leave it to itself. What is left of one whose worker has
 * ended are destructors of the program's thread-specific data.
 */
static void worker_let_go(struct wt_worker *worker, bool ended, wt_time deadline)
{
	if (!ended || wti_os->thread_join(worker->pthread, deadline) != 0)
		wti_os->thread_detach(worker->pthread);
}

/* Nobody asks for what it ends with any more. True where it has ended after all. */
static bool worker_abandon(struct wt_worker *worker)
{
	wti_store(&worker->overdue, 1);
	wti_store_sc(&worker->abandoned, 1); /* pairs with worker_publish_end [worker-abandoned] */
	return wti_load_sc(&worker->state) == WTI_WORKER_ENDED; /* [worker-abandoned] */
}

void wti_worker_finish_destroy(struct wt_worker *worker)
{
	struct wti_thread *self = wti_load(&worker->source.owner);
	wt_time deadline = wt_after_ns((uint64_t)worker->destroy_timeout);
	bool ended;

	worker_destroy_dropped(worker); /* of a thread that ended in a hook */
	wti_worker_stop(worker);
	ended = worker_await_end(worker, self, deadline, true) == 0;
	/* One that was hired is nobody's to join, and may be taking that lock just now, to leave the list. */
	if (!worker->hired && wti_process_take_thread(worker))
		worker_let_go(worker, ended, deadline);
	if (ended || worker_abandon(worker))
		wti_worker_report_failure(worker);
	worker_give_up(worker, self);
	WTI_ENDED(worker); /* not before: a deleter of what nobody received may destroy it, which is no mistake */
	wti_worker_release(worker);
}

void wt_worker_destroy(wt_worker *worker)
{
	struct wti_thread *self = wti_thread_peek();

	WTI_ENDS(worker, WORKER);
	if (!worker || !self || wti_load(&worker->source.owner) != self || worker->destroyed)
		return;
	worker->destroyed = true;
	wti_worker_silence(worker);
	wti_worker_stop(worker);
	if (!worker->callbacks)
		wti_worker_finish_destroy(worker);
}
