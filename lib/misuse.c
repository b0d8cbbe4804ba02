/* SPDX-License-Identifier: MIT */
#include "misuse.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fork.h"
#include "os.h"
#include "text.h"
#include "thread.h"

enum {
	MISUSE_LATE = 256,     /* blocks that are kept */
	MISUSE_LINE_MAX = 1024 /* bytes of a message */
};

/* No values that other memory is likely to have. */
enum misuse_state {
	MISUSE_OPEN = 0x57d10fe4,
	MISUSE_SENT = 0x57d15e47,
	MISUSE_ENDED = 0x57d1dead
};

static const struct {
	const char *name;
	const char *ended; /* what its end is called */
} misuse_kinds[WTI_KIND_COUNT] = {
	[WTI_KIND_PORT] = { "port", "closed" },
	[WTI_KIND_SENDER] = { "sender", "closed" },
	[WTI_KIND_BROADCAST] = { "broadcast", "closed" },
	[WTI_KIND_BUFFER] = { "buffer", "destroyed" },
	[WTI_KIND_SHARED] = { "shared", "released" },
	[WTI_KIND_WORKER] = { "worker", "destroyed" },
	[WTI_KIND_POOL] = { "pool", "destroyed" },
	[WTI_KIND_TASK] = { "task", "released" },
	[WTI_KIND_TIMER] = { "timer", "destroyed" },
	[WTI_KIND_LOCK] = { "lock", "released" },
	[WTI_KIND_SNAPSHOT] = { "snapshot", "destroyed" },
};

/* A public call, by what it was given. */
struct misuse_call {
	enum wti_kind kind;
	const void *object;
	const char *caller;
	bool ends; /* it is to be the last */
};

/* What is to be freed, and how. */
struct misuse_block {
	void *address; /* or NULL */
	void (*free)(void *address);
};

/*
 * Not one of mutex.h: it stands outside of their ranks, and the scheduler of
 * the tests shall not see it, for it orders nothing that the library relies
 * on. So no other lock is taken under it, and no atomic is touched: to the
 * scheduler, which is gone at the end of the process, that is a moment at which
 * another thread goes on.
 */
static pthread_mutex_t misuse_lock = PTHREAD_MUTEX_INITIALIZER;
static struct wti_list misuse_owed = { &misuse_owed, &misuse_owed }; /* under the lock: the oldest first */
static pid_t misuse_process; /* whose objects those are: written under the lock, with the first */
static struct misuse_block misuse_late[MISUSE_LATE]; /* under the lock: a ring */
static size_t misuse_late_next;

/* ---- Messages ---- */

static void misuse_note_party(struct wti_party *party)
{
	const struct wti_thread *self = wti_thread_peek();

	memset(party, 0, sizeof *party);
	if (self) {
		party->known = true;
		party->id = self->id;
		party->ends = self->leaving;
		strncpy(party->name, self->name, sizeof party->name - 1);
	} else if (wti_os->thread_is_first()) {
		party->known = true;
		strncpy(party->name, "main", sizeof party->name - 1);
	}
}

static void misuse_add_party(struct wti_text *text, const struct wti_party *party)
{
	if (!party->known) {
		wti_text_add(text, "a thread that libwt does not know");
		return;
	}
	wti_text_add(text, "%sthread %llu", party->ends ? "the end of " : "", (unsigned long long)party->id);
	if (*party->name)
		wti_text_add(text, " (%s)", party->name);
}

/* As wt_dump names it: a worker by its number, others by their address. */
static void misuse_add_object(struct wti_text *text, const struct wti_handle *handle)
{
	wti_text_add(text, "%s ", misuse_kinds[handle->kind].name);
	if (handle->kind == WTI_KIND_WORKER)
		wti_text_add(text, "%llu", (unsigned long long)handle->number);
	else
		wti_text_add(text, "%#llx", (unsigned long long)(uintptr_t)handle->object);
	if (handle->name_size) {
		wti_text_add(text, " ");
		wti_text_add_quoted(text, handle->name, handle->name_size);
	}
}

/* One line, in one piece. */
static void misuse_write(struct wti_text *text)
{
	size_t size = text->size < text->room ? text->size : text->room - 1;

	text->bytes[size++] = '\n';
	fwrite(text->bytes, 1, size, stderr);
	fflush(stderr);
}

static void misuse_add_use(struct wti_text *text, const struct wti_handle *handle, bool ends)
{
	struct wti_party self;
	bool sent = wti_load(&handle->state) == MISUSE_SENT;
	const char *ended = misuse_kinds[handle->kind].ended;

	misuse_note_party(&self);
	misuse_add_object(text, handle);
	wti_text_add(text, ", %s by ", sent ? "sent away" : ended);
	misuse_add_party(text, &handle->ender);
	if (ends && !sent)
		wti_text_add(text, ", is %s again by ", ended);
	else
		wti_text_add(text, ", is used by ");
	misuse_add_party(text, &self);
}

/* What is there is none of the library's objects: never was, or so long ago that its memory has been used again. */
static void misuse_add_stranger(struct wti_text *text, const void *object, enum wti_kind kind)
{
	struct wti_party self;

	misuse_note_party(&self);
	wti_text_add(text, "%#llx, which is no %s, is used by ", (unsigned long long)(uintptr_t)object,
		     misuse_kinds[kind].name);
	misuse_add_party(text, &self);
}

/* One that is not `own` is none of the kind. */
static WTI_COLD void misuse_refuse(const struct wti_handle *handle, const struct misuse_call *call, bool own)
{
	char line[MISUSE_LINE_MAX];
	struct wti_text text = { .bytes = line, .room = sizeof line };

	if (wti_forked())
		return;
	wti_text_add(&text, "libwt: %s: ", call->caller);
	if (own)
		misuse_add_use(&text, handle, call->ends);
	else
		misuse_add_stranger(&text, call->object, call->kind);
	misuse_write(&text);
	abort();
}

void wti_handle_check(const struct wti_handle *handle, enum wti_kind kind, const void *object, const char *caller,
		      bool ends)
{
	/* pairs with wti_handle_ended, wti_handle_sent [handle-state]: who did it is written */
	uint32_t state = wti_load_acq(&handle->state);
	bool own = (state == MISUSE_OPEN || state == MISUSE_SENT || state == MISUSE_ENDED) && handle->kind == kind;

	/* A port keeps its posters while it moves, and a sender is anybody's to use. */
	if (wti_unlikely(!own || state == MISUSE_ENDED || (state == MISUSE_SENT && kind == WTI_KIND_BUFFER)))
		misuse_refuse(handle, &(struct misuse_call){ kind, object, caller, ends }, own);
}

/* ---- An object's life ---- */

void wti_handle_made(struct wti_handle *handle, enum wti_kind kind, const void *object)
{
	handle->kind = kind;
	handle->object = object;
	handle->number = 0;
	handle->name_size = 0;
	handle->excused = false;
	handle->over = false;
	wti_list_init(&handle->owed);
	misuse_note_party(&handle->maker);
	wti_store(&handle->state, MISUSE_OPEN); /* relaxed: the pointer has still to reach anybody else */
}

void wti_handle_named(struct wti_handle *handle, uint64_t number, const void *name, size_t size)
{
	handle->number = number;
	handle->name_size = size < sizeof handle->name ? size : sizeof handle->name;
	if (handle->name_size)
		memcpy(handle->name, name, handle->name_size);
}

void wti_handle_owed(struct wti_handle *handle)
{
	if (wti_forked())
		return;
	pthread_mutex_lock(&misuse_lock);
	if (!misuse_process)
		misuse_process = getpid();
	if (!handle->over && !handle->excused && wti_list_empty(&handle->owed))
		wti_list_append(&misuse_owed, &handle->owed);
	pthread_mutex_unlock(&misuse_lock);
}

void wti_handle_excused(struct wti_handle *handle)
{
	if (wti_forked())
		return;
	pthread_mutex_lock(&misuse_lock);
	handle->excused = true;
	pthread_mutex_unlock(&misuse_lock);
}

void wti_handle_sent(struct wti_handle *handle)
{
	misuse_note_party(&handle->ender);
	wti_store_rel(&handle->state, MISUSE_SENT); /* pairs with wti_handle_check [handle-state] */
}

void wti_handle_taken(struct wti_handle *handle)
{
	wti_store(&handle->state, MISUSE_OPEN); /* relaxed: by the only thread that has it */
}

/* One that was never made is the library's own affair. */
void wti_handle_ended(struct wti_handle *handle)
{
	uint32_t state = wti_load(&handle->state);

	if (wti_forked() || (state != MISUSE_OPEN && state != MISUSE_SENT))
		return;
	misuse_note_party(&handle->ender);
	pthread_mutex_lock(&misuse_lock);
	handle->over = true;
	wti_list_remove(&handle->owed);
	pthread_mutex_unlock(&misuse_lock);
	wti_store_rel(&handle->state, MISUSE_ENDED); /* pairs with wti_handle_check [handle-state] */
}

/* ---- What was freed ---- */

/* A test's memory is freed at once: it wants to see that, and may not use a block again anyway. */
static void misuse_free_late(struct misuse_block block)
{
	struct misuse_block before = block;

	if (block.address && wti_heap == &wti_heap_libc && !wti_forked()) {
		pthread_mutex_lock(&misuse_lock);
		before = misuse_late[misuse_late_next % MISUSE_LATE];
		misuse_late[misuse_late_next++ % MISUSE_LATE] = block;
		pthread_mutex_unlock(&misuse_lock);
	}
	if (before.address)
		before.free(before.address);
}

void wti_free_late(void *block)
{
	misuse_free_late((struct misuse_block){ block, wti_free });
}

void wti_free_lines_late(void *block)
{
	misuse_free_late((struct misuse_block){ block, wti_free_lines });
}

/* ---- The end of the process ---- */

static void misuse_report_owed(const struct wti_handle *handle)
{
	char line[MISUSE_LINE_MAX];
	struct wti_text text = { .bytes = line, .room = sizeof line };

	wti_text_add(&text, "libwt: leak: ");
	misuse_add_object(&text, handle);
	wti_text_add(&text, ", created by ");
	misuse_add_party(&text, &handle->maker);
	wti_text_add(&text, ", is not %s", misuse_kinds[handle->kind].ended);
	misuse_write(&text);
}

/* Whether something is owed; each of it is told, unless `tell` is NULL. */
static bool misuse_each_owed(void (*tell)(const struct wti_handle *handle))
{
	bool any = false;

	pthread_mutex_lock(&misuse_lock);
	for (struct wti_list *link = misuse_owed.next; link != &misuse_owed; link = link->next) {
		const struct wti_handle *handle = wti_list_entry(link, struct wti_handle, owed);

		/* One that lies in a message hangs on the port in whose queue that is. */
		if (wti_load(&handle->state) != MISUSE_OPEN)
			continue;
		any = true;
		if (tell)
			tell(handle);
	}
	pthread_mutex_unlock(&misuse_lock);
	return any;
}

static bool misuse_report_all(void)
{
	bool any;

	/* A program that owes nothing does not wait for who has the stream, maybe for ever. */
	if (!misuse_each_owed(NULL))
		return false;
	/* First, as the program does that writes several lines, and calls in between. */
	flockfile(stderr);
	any = misuse_each_owed(misuse_report_owed);
	funlockfile(stderr);
	return any;
}

/* Behind all exit handlers, the program's and those that stop workers, and the destructors of static C++ objects. */
__attribute__((destructor)) static void misuse_end_process(void)
{
	const char *leaks;

	/* Without the lock: a forked child has a copy of it, and perhaps as another thread held it. */
	if (misuse_process != getpid())
		return;
	leaks = wti_os->variable("WT_DEBUG_LEAKS");
	if (leaks && strcmp(leaks, "off") == 0)
		return;
	if (misuse_report_all() && leaks && strcmp(leaks, "abort") == 0)
		abort();
}
