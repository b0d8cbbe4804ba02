/* SPDX-License-Identifier: MIT */
#include "sched/scheduler.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sched/access.h"
#include "sched/fibre.h"
#include "sched/memory.h"
#include "sched/posix.h"
#include "sched/report.h"
#include "sched/store_buffer.h"
#include "sched/system.h"
#include "thread.h"

enum {
	SCHED_STEPS = 200000, /* a schedule with more does not end */
	SCHED_NAME = 16
};

struct sched_fibre {
	struct fibre *fibre;
	char name[SCHED_NAME];
	void *(*fn)(void *arg);
	void *arg;
	bool attach;

	/* What a thread has of its own. */
	struct wti_thread *self;
	const void *specific;
	int error; /* errno */
	struct store_buffer buffer;
	unsigned ranks;

	unsigned calm;
	enum sched_wait wait;
	const volatile void *object; /* that it blocks on */
	int64_t deadline;
	int result;
};

struct sched_model sched_model;
uint64_t sched_shown;
void (*sched_failed)(void);
struct sched_report *sched_report;

static struct fibre sched_thread; /* who runs the schedules, on the process's own stack */
static struct fibre sched_stack[SCHED_FIBRES];
static struct sched_fibre sched_fibre[SCHED_FIBRES];
static unsigned sched_count, sched_live;
static struct sched_fibre *sched_running; /* NULL: none, no schedule runs */
static const struct sched_strategy *sched_strategy;
static int64_t sched_time;
static unsigned sched_step_count;
static unsigned sched_marks; /* reached in this schedule */
static bool sched_verbose;   /* this schedule is printed */
static bool sched_tells;     /* ... and the present access is of interest */

/* ---- The verdict ---- */

void sched_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(sched_report->failure, sizeof sched_report->failure, format, args);
	va_end(args);
	if (sched_verbose)
		printf("# %s\n", sched_report->failure);
	fflush(stdout);
	if (sched_failed)
		sched_failed();
	_exit(1);
}

void sched_reached(enum sched_mark mark)
{
	if (!sched_running->calm)
		sched_marks |= 1u << mark;
}

static void sched_count_marks(void)
{
	for (unsigned i = 0; i < SCHED_MARKS; i++)
		sched_report->reached[i] += sched_marks >> i & 1;
}

/* ---- For who reads the schedule ---- */

static const char *sched_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void sched_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void sched_print(const char *format, ...)
{
	va_list args;

	if (!sched_verbose)
		return;
	va_start(args, format);
	printf("# %-10s ", sched_running->name);
	vprintf(format, args);
	printf("\n");
	fflush(stdout);
	va_end(args);
}

void sched_tell(const void *value, unsigned size)
{
	uint64_t bits = 0;

	if (!sched_verbose || !sched_tells)
		return;
	memcpy(&bits, value, size < sizeof bits ? size : sizeof bits);
	sched_print("    = %#llx", (unsigned long long)bits);
}

static const char *const sched_wait_names[] = {
	[SCHED_RUNS] = "runs",
	[SCHED_WAITS_FUTEX] = "sleeps",
	[SCHED_WAITS_LOCK] = "waits for a lock",
	[SCHED_WAITS_END] = "waits for another's end",
	[SCHED_WAITS_DESCRIPTOR] = "waits for a descriptor",
	[SCHED_WAITS_LATCH] = "waits for a latch",
	[SCHED_ENDED] = "has ended",
};

static void sched_fail_deadlock(void)
{
	char text[400] = "";
	size_t used = 0;

	for (unsigned i = 0; i < sched_count && used < sizeof text; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %s", i ? ", " : "", sched_fibre[i].name,
					 sched_wait_names[sched_fibre[i].wait]);
	sched_fail("deadlock: %s", text);
}

/* ---- Who goes on ---- */

static unsigned sched_number(const struct sched_fibre *fibre)
{
	return (unsigned)(fibre - sched_fibre);
}

static void sched_drain(struct sched_fibre *fibre, unsigned count)
{
	if (count)
		sched_print("-- %u of %u stores of %s become visible", count, fibre->buffer.count, fibre->name);
	store_buffer_drain(&fibre->buffer, count);
}

void sched_drain_now(void)
{
	sched_drain(sched_running, sched_running->buffer.count);
}

void sched_drain_all(void)
{
	for (unsigned i = 0; i < sched_count; i++)
		sched_drain(&sched_fibre[i], sched_fibre[i].buffer.count);
}

bool sched_is_pending(const void *address, size_t size)
{
	for (unsigned i = 0; i < sched_count; i++)
		if (store_buffer_has(&sched_fibre[i].buffer, (uintptr_t)address, size))
			return true;
	return false;
}

/* What the running fibre is about to do. */
enum sched_step {
	SCHED_GOES_ON,
	SCHED_STOPS, /* it blocks, or has ended; but time may bring it back */
	SCHED_STEPS_BACK
};

/* What happens to others while something can run. */
static unsigned sched_collect_others(sched_agent *agents)
{
	unsigned count = 0;

	for (unsigned i = 0; i < sched_count; i++)
		if (sched_fibre[i].buffer.count && &sched_fibre[i] != sched_running)
			agents[count++] = i + SCHED_FIBRES;
	for (unsigned i = 0; i < sched_count && sched_model.spurious; i++)
		if (sched_fibre[i].wait == SCHED_WAITS_FUTEX)
			agents[count++] = i + 2 * SCHED_FIBRES;
	return count;
}

/* The running fibre first, if it goes on; then the others; then what happens to them. */
static unsigned sched_collect(sched_agent *agents, enum sched_step step)
{
	unsigned count = 0;

	if (step == SCHED_GOES_ON)
		agents[count++] = sched_number(sched_running);
	for (unsigned i = 0; i < sched_count; i++)
		if (sched_fibre[i].wait == SCHED_RUNS && (&sched_fibre[i] != sched_running || step == SCHED_STOPS))
			agents[count++] = i;
	if (count && (step == SCHED_GOES_ON || sched_strategy->buffer_steps))
		count += sched_collect_others(agents + count);
	return count;
}

static void sched_switch(struct sched_fibre *next)
{
	struct sched_fibre *from = sched_running;

	if (from->buffer.count) {
		sched_drain(from, sched_strategy->drain(from->buffer.count));
		if (from->buffer.count)
			sched_reached(SCHED_LATE);
	}
	from->self = wti_thread_self_ptr;
	from->error = errno;
	sched_running = next;
	wti_thread_self_ptr = next->self;
	errno = next->error;
	fibre_switch(from->fibre, next->fibre, from->wait == SCHED_ENDED);
}

static void sched_release(struct sched_fibre *fibre, int result)
{
	fibre->wait = SCHED_RUNS;
	fibre->deadline = INT64_MAX;
	fibre->result = result;
}

/* To the earliest moment that somebody waits for, with all who wait for it. */
static bool sched_advance(void)
{
	int64_t earliest = INT64_MAX;

	for (unsigned i = 0; i < sched_count; i++)
		if (sched_fibre[i].wait != SCHED_ENDED && sched_fibre[i].deadline < earliest)
			earliest = sched_fibre[i].deadline;
	if (earliest == INT64_MAX)
		return false;
	sched_time = earliest;
	sched_print("-- the clock goes on to %lld", (long long)(earliest - SCHED_EPOCH));
	for (unsigned i = 0; i < sched_count; i++) {
		struct sched_fibre *fibre = &sched_fibre[i];

		if (fibre->wait == SCHED_RUNS || fibre->wait == SCHED_ENDED || fibre->deadline > earliest)
			continue;
		sched_release(fibre, -ETIMEDOUT);
	}
	return true;
}

static void sched_leave(void)
{
	struct sched_fibre *last = sched_running;

	sched_running = NULL;
	fibre_switch(last->fibre, &sched_thread, true);
}

/* Nothing can run. */
static void sched_idle(void)
{
	sched_drain_all();
	if (!sched_live)
		sched_leave();
	if (!sched_advance())
		sched_fail_deadlock();
}

/* One step of a store buffer, or, in the bounded search, all of it; or a sleep's end. */
static void sched_happen(sched_agent agent)
{
	struct sched_fibre *owner = &sched_fibre[agent % SCHED_FIBRES];

	if (agent < 2 * SCHED_FIBRES) {
		sched_drain(owner, sched_strategy->buffer_steps ? 1 : owner->buffer.count);
		return;
	}
	sched_print("-- %s wakes for no reason", owner->name);
	sched_reached(SCHED_SPURIOUS);
	sched_release(owner, 0);
}

static sched_agent sched_pick(const sched_agent *agents, unsigned count, enum sched_step step)
{
	return agents[count == 1 ? 0 : sched_strategy->next(agents, count, step == SCHED_GOES_ON)];
}

/* Returns when it is the calling fibre's turn; never, when it has ended. */
static void sched_choose(enum sched_step step)
{
	sched_agent agents[SCHED_AGENTS];

	for (;;) {
		unsigned count = sched_collect(agents, step);
		sched_agent agent;

		if (!count) {
			if (step == SCHED_STEPS_BACK)
				return;
			sched_idle();
			continue;
		}
		agent = sched_pick(agents, count, step);
		if (agent >= SCHED_FIBRES) {
			sched_happen(agent);
			continue;
		}
		if (&sched_fibre[agent] != sched_running)
			sched_switch(&sched_fibre[agent]);
		return;
	}
}

/* ---- Points ---- */

static bool sched_frame_is_gone(const struct sched_fibre *fibre, uintptr_t address)
{
	if (fibre->wait == SCHED_ENDED)
		return fibre_owns(fibre->fibre, address);
	return fibre_has_left(fibre->fibre, address);
}

void sched_look(const volatile void *address)
{
	if (memory_is_freed(address))
		sched_fail("an access to memory that was freed");
	for (unsigned i = 0; i < sched_count; i++)
		if (&sched_fibre[i] != sched_running && sched_frame_is_gone(&sched_fibre[i], (uintptr_t)address))
			sched_fail("an access to a frame of %s that is gone", sched_fibre[i].name);
}

/* Also where late stores may have to become visible: it is the last moment to see what comes before that. */
static bool sched_is_point(const struct sched_site *site, bool write)
{
	if (sched_running->calm)
		return false;
	return site->shared || sched_strategy->everywhere || (write && sched_running->buffer.count);
}

static void sched_point_at(struct sched_site *site, bool write)
{
	if (++sched_step_count > SCHED_STEPS)
		sched_fail("the schedule does not end");
	if (sched_is_point(site, write))
		sched_choose(SCHED_GOES_ON);
	sched_tells = (site->shared || site->found) && !sched_running->calm;
	if (sched_tells)
		sched_print("%s:%d %s", sched_base(site->file), site->line, site->what);
}

void sched_point(struct sched_site *site, const volatile void *address, bool write)
{
	sched_tells = false;
	if (sched_is_alone())
		return;
	if (!sched_strategy->forgets || sched_verbose)
		sched_site_note(site, address, sched_number(sched_running), write);
	sched_point_at(site, write);
}

void sched_operation(struct sched_site *site, const volatile void *address)
{
	sched_point(site, address, true);
	sched_drain_now();
}

void sched_drain_own(void)
{
	if (!sched_running->buffer.count)
		return;
	if (!sched_running->calm)
		sched_choose(SCHED_GOES_ON);
	sched_drain_now();
}

int sched_block(enum sched_wait wait, const volatile void *object, int64_t deadline)
{
	struct sched_fibre *self = sched_running;

	sched_print("-- %s", sched_wait_names[wait]);
	self->wait = wait;
	self->object = object;
	self->deadline = deadline;
	self->result = 0;
	sched_choose(SCHED_STOPS);
	return self->result;
}

/* Those that were made first come first: nothing of the library has two sleepers on one word. */
unsigned sched_wake(enum sched_wait wait, const volatile void *object, unsigned count)
{
	unsigned woken = 0;

	for (unsigned i = 0; i < sched_count && woken < count; i++) {
		struct sched_fibre *fibre = &sched_fibre[i];

		if (fibre->wait != wait || fibre->object != object)
			continue;
		sched_print("-- wakes %s", fibre->name);
		sched_release(fibre, 0);
		woken++;
	}
	return woken;
}

void sched_step_back(void)
{
	sched_drain_now();
	if (!sched_running->calm)
		sched_choose(SCHED_STEPS_BACK);
}

/* As one that stops, and is ready at once. */
void sched_rest(void)
{
	sched_choose(SCHED_STOPS);
}

int64_t sched_now(void)
{
	return sched_time;
}

void sched_calm(int by)
{
	sched_running->calm += (unsigned)by;
}

unsigned sched_current(void)
{
	return sched_number(sched_running);
}

unsigned *sched_ranks_held(void)
{
	return &sched_running->ranks;
}

const void **sched_specific(void)
{
	return &sched_running->specific;
}

struct store_buffer *sched_buffer(void)
{
	return &sched_running->buffer;
}

bool sched_is_alone(void)
{
	return sched_live < 2;
}

bool sched_in_own_frame(const volatile void *address)
{
	return fibre_owns(sched_running->fibre, (uintptr_t)address);
}

bool sched_is_everywhere(void)
{
	return sched_strategy->everywhere;
}

/* ---- Fibres ---- */

static void sched_attach(struct sched_fibre *self)
{
	self->calm++;
	if (self->attach && !wti_thread_self())
		sched_fail("no record for %s", self->name);
	self->calm--;
}

static void sched_end(struct sched_fibre *self)
{
	posix_end();
	if (self->ranks)
		sched_fail("%s ends with a lock", self->name);
	sched_operation(SCHED_SITE("end"), self);
	sched_print("-- has ended");
	self->wait = SCHED_ENDED;
	sched_live--;
	sched_wake(SCHED_WAITS_END, self, SCHED_FIBRES);
	sched_choose(SCHED_STOPS);
}

static void sched_trampoline(void)
{
	struct sched_fibre *self = sched_running;

	fibre_begin();
	sched_attach(self);
	self->fn(self->arg);
	sched_end(self);
}

int sched_spawn(const char *name, void *(*fn)(void *arg), void *arg, bool attach)
{
	struct sched_fibre *fibre;

	if (sched_count == SCHED_FIBRES)
		return -EAGAIN;
	fibre = &sched_fibre[sched_count];
	*fibre = (struct sched_fibre){
		.fibre = &sched_stack[sched_count],
		.fn = fn,
		.arg = arg,
		.attach = attach,
		.deadline = INT64_MAX,
	};
	snprintf(fibre->name, sizeof fibre->name, "%s", name);
	fibre_make(fibre->fibre, sched_trampoline);
	sched_live++;
	return (int)sched_count++;
}

int sched_await_end(unsigned fibre, int64_t deadline)
{
	struct sched_fibre *other = &sched_fibre[fibre];

	while (other->wait != SCHED_ENDED) {
		int err = sched_now() < deadline ? sched_block(SCHED_WAITS_END, other, deadline) : -ETIMEDOUT;

		if (err)
			return err;
	}
	return 0;
}

/* ---- One schedule ---- */

static void *sched_first(void *arg)
{
	void (*fn)(void) = *(void (**)(void))arg;

	fn();
	return NULL;
}

void sched_execute(const struct sched_strategy *strategy, void (*fn)(void))
{
	sched_strategy = strategy;
	sched_count = sched_live = 0;
	sched_time = SCHED_EPOCH;
	sched_step_count = 0;
	sched_marks = 0;
	sched_verbose = ++sched_report->executed == sched_shown;
	memory_begin();
	system_begin();
	sched_site_forget();
	sched_spawn("main", sched_first, &fn, true);
	sched_running = &sched_fibre[0];
	wti_thread_self_ptr = NULL;
	fibre_switch(&sched_thread, sched_fibre[0].fibre, false);
	wti_thread_self_ptr = NULL;
	sched_count_marks();
}
