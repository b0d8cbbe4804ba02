/* SPDX-License-Identifier: MIT
 *
 * What a debug build looks at beside owners and lock ranks: a handle that is
 * ended twice, one that is used after its end, and what the program still has
 * when the process ends. A release has nothing of it, not a byte and not an
 * instruction: the macros below vanish.
 *
 * Each public object has a handle, which says what it is, who made it, and
 * who ended it. The end is that of the pages: where these say that a call does
 * nothing for a port that is being closed, the port's end comes after that.
 * Every public call that takes the object looks at it first, and aborts with
 * one line where it has ended. For that to be read, the memory of the last
 * objects that were freed is kept for a while (wti_free_late).
 *
 * Any thread may call all of this. Nothing of it is a step in a protocol: it
 * takes a lock of its own where an object comes or goes, under which nothing
 * else is taken, and none where one is used. After a fork the child has
 * nothing looked at: there, calls do nothing.
 */
#ifndef WTI_MISUSE_H
#define WTI_MISUSE_H

#include "alloc.h"

#ifdef WTI_DEBUG

#include <stdbool.h>
#include <stdint.h>

#include "atomic.h"
#include "list.h"

enum wti_kind {
	WTI_KIND_PORT,
	WTI_KIND_SENDER,
	WTI_KIND_BROADCAST,
	WTI_KIND_BUFFER,
	WTI_KIND_SHARED,
	WTI_KIND_WORKER,
	WTI_KIND_POOL,
	WTI_KIND_TASK,
	WTI_KIND_TIMER,
	WTI_KIND_LOCK,
	WTI_KIND_SNAPSHOT,
	WTI_KIND_COUNT
};

enum { WTI_PARTY_NAME_MAX = 32, WTI_HANDLE_NAME_MAX = 64 };

/* A thread that did something, which may be gone when that is told. */
struct wti_party {
	uint64_t id;
	char name[WTI_PARTY_NAME_MAX]; /* cut, with an end */
	bool known; /* it has a record: else it has called nothing that needs one */
	bool ends;  /* not the program's doing: the thread was at its end */
};

struct wti_handle {
	_Atomic(uint32_t) state; /* enum misuse_state; memory that was used again has any */

	/* Set by who made it. */
	enum wti_kind kind;
	const void *object;
	struct wti_party maker;
	uint64_t number; /* a worker's id */
	unsigned char name[WTI_HANDLE_NAME_MAX];
	size_t name_size;

	/* Set before the state says that it has ended, or lies in a message. */
	struct wti_party ender;

	/* Under the lock of misuse.c. */
	struct wti_list owed; /* of all that the program is to end */
	bool excused;         /* it never will be */
	bool over;            /* it has ended */
};

/* In the struct of an object. */
#define WTI_HANDLE struct wti_handle handle;

void wti_handle_made(struct wti_handle *handle, enum wti_kind kind, const void *object);
void wti_handle_named(struct wti_handle *handle, uint64_t number, const void *name, size_t size);
void wti_handle_owed(struct wti_handle *handle);
void wti_handle_excused(struct wti_handle *handle);
void wti_handle_sent(struct wti_handle *handle);
void wti_handle_taken(struct wti_handle *handle);
void wti_handle_ended(struct wti_handle *handle);

/* `caller` uses it; `ends`: for the last time. */
void wti_handle_check(const struct wti_handle *handle, enum wti_kind kind, const void *object, const char *caller,
		      bool ends);

/*
 * By the calling thread: it exists; it has a number and a name, too; the
 * program has it, and is to end it before the process ends. A worker is owed
 * from the moment on at which the program knows of its end: until then it may
 * be left to the end of the process (W7). Said again, it is as before.
 */
#define WTI_MADE(object, kind)                wti_handle_made(&(object)->handle, WTI_KIND_##kind, object)
#define WTI_NAMED(object, number, name, size) wti_handle_named(&(object)->handle, number, name, size)
#define WTI_OWED(object)                      wti_handle_owed(&(object)->handle)

/* It is not, and never will be: a worker that the end of the process ends. */
#define WTI_EXCUSED(object) wti_handle_excused(&(object)->handle)

/* It lies in a message; somebody took it out. */
#define WTI_SENT(object)  wti_handle_sent(&(object)->handle)
#define WTI_TAKEN(object) wti_handle_taken(&(object)->handle)

/* The pointer is dead. */
#define WTI_ENDED(object) wti_handle_ended(&(object)->handle)

/* First thing in a public call: it takes the object, which may be NULL; it ends it. */
#define WTI_USES_BY(object, kind, caller, ends)                                                     \
	do {                                                                                        \
		if (object)                                                                         \
			wti_handle_check(&(object)->handle, WTI_KIND_##kind, object, caller, ends); \
	} while (0)
#define WTI_USES(object, kind) WTI_USES_BY(object, kind, __func__, false)
#define WTI_ENDS(object, kind) WTI_USES_BY(object, kind, __func__, true)

/* As wti_free and wti_free_lines, but that the block stays readable until many others have been freed like that. */
void wti_free_late(void *block);
void wti_free_lines_late(void *block);

#else

#define WTI_HANDLE
#define WTI_MADE(object, kind)                  ((void)0)
#define WTI_NAMED(object, number, name, size)   ((void)0)
#define WTI_OWED(object)                        ((void)0)
#define WTI_EXCUSED(object)                     ((void)0)
#define WTI_SENT(object)                        ((void)0)
#define WTI_TAKEN(object)                       ((void)0)
#define WTI_ENDED(object)                       ((void)0)
#define WTI_USES_BY(object, kind, caller, ends) ((void)(object))
#define WTI_USES(object, kind)                  ((void)(object))
#define WTI_ENDS(object, kind)                  ((void)(object))
#define wti_free_late(block)                    wti_free(block)
#define wti_free_lines_late(block)              wti_free_lines(block)

#endif

#endif
