/* SPDX-License-Identifier: MIT
 *
 * The world of the target "operations": who acts, what they have, and what the
 * library owes them. An actor is a thread with a program of its own: the first
 * fibre, another thread, and workers. All actors are fibres of one thread, so
 * that what stands here is changed without locks; between two schedule points
 * of the library nobody else runs.
 *
 * A thing is what can move: a port, a buffer, a sender, a descriptor, a hold of
 * shared memory. The world knows at each moment who has it, or that it is on
 * its way, and so what each call may return.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include <stdint.h>
#include <wt.h>

#include "fuzz/fuzz.h"

enum {
	ACTORS = 5,       /* the first fibre, one thread, three workers */
	FIRST_WORKER = 2, /* by number */
	OPERATIONS_MOST = 96,
	THINGS_MOST = 64,
	LETTERS_MOST = 40, /* of one actor to one port */
	NONE = 255
};

/* One step of a program. What the bytes mean is the operation's. */
struct operation {
	uint8_t actor, code, a, b, c;
};

/* ---- Letters: what is posted on ports (letter.c) ---- */

enum letter_state {
	LETTER_UNKNOWN,
	LETTER_PENDING,  /* the post has not returned */
	LETTER_ACCEPTED, /* it has, with 0 */
	LETTER_REFUSED,  /* or with an error */
	LETTER_DOUBTFUL, /* nobody can tell */
	LETTER_RECEIVED
};

enum letter_way {
	LETTER_POSTED,
	LETTER_IN_SLOT, /* time may pass while its record is reserved */
	LETTER_CALLED   /* ... while it is posted, and the call waits for its reply */
};

/*
 * From one actor to one port, by number. Begins and ends of all letters are
 * counted together (letter_count): while a letter is being written it may hold
 * back those that are posted behind it, and that may be over when who has met
 * it is judged.
 */
struct letters {
	unsigned next, expected; /* to be posted, to be received */
	uint8_t state[LETTERS_MOST];
	uint8_t way[LETTERS_MOST];
	unsigned begun_as[LETTERS_MOST];
	unsigned ended_as[LETTERS_MOST]; /* 0: it has not */
	int64_t ended_at[LETTERS_MOST];
};

/* All that comes to one port. */
struct inbox {
	struct letters from[ACTORS];
	int64_t empty_at; /* the receiver saw then that it was empty, and nothing was accepted since; or INT64_MAX */
};

/* A letter that is being written. */
struct draft {
	unsigned to, from, number;
	size_t size;
	unsigned char bytes[2048];
};

/* False: the world has no room for it. `size` chooses one of a few. */
bool letter_begin(struct draft *draft, unsigned from, unsigned to, unsigned size);
/* Right after that, where it is not simply posted. */
void letter_goes(const struct draft *draft, enum letter_way way);
/* What goes along with it, in this order. */
void letter_add_thing(struct draft *draft, unsigned thing);
/* The post has returned; what it has stored, the others see. */
void letter_end(const struct draft *draft, int err);
/* The same in two steps, for who gives it up: it will not be received, but holds back what is behind it. */
void letter_refuse(const struct draft *draft);
void letter_let_go(const struct draft *draft);
/* It has ended, and nobody knows what became of it. */
void letter_doubt(const struct draft *draft);

/* What `at` receives: M1, M2, M4. */
void letter_receive(unsigned at, const wt_message *message);
unsigned letter_number(const wt_message *message);
unsigned letter_thing(const wt_message *message, unsigned index);
/* The close comes behind all that was accepted, and nobody posts any more [C1]. */
void letter_check_close(unsigned at);
/* Who waited until `deadline` has not slept through a letter. */
void letter_check_sleep(unsigned at, wt_time deadline);
/* Of that moment. */
unsigned letter_count(void);
/* None is there of those that were accepted before that moment, and that nothing held back since. */
void letter_check_none(unsigned at, unsigned before);
/* None is there that this actor has posted. */
void letter_check_none_of(unsigned at, unsigned from);
/* As far as the world can tell, all that was posted there was received. */
bool letter_is_quiet(unsigned at);

/* ---- Things (thing.c) ---- */

enum thing_state {
	THING_GONE,
	THING_OWNED,
	THING_FLYING /* in a message; or, with a worker that has not begun */
};

struct thing {
	int kind; /* WT_TRANSFER_* */
	enum thing_state state;
	unsigned owner; /* actor */
	wt_port *port;
	wt_buffer *buffer;
	wt_sender *sender;
	wt_shared *shared;
	int fd;

	unsigned users;  /* actors in a call with it */
	bool ending;     /* no more of them: its owner waits for the last one */
	unsigned ended;  /* of buffers and descriptors: how often they were destroyed */
	unsigned peer;   /* of ports and senders: the port at which what they post arrives */
	bool limited;    /* ... which has a limit */
	bool fixed;      /* between a worker and its creator: neither closed nor moved */
	bool closed;     /* its close has returned */

	/* Handlers of a port. */
	bool listens, started;
	bool in_callback;
	bool closed_in_callback;
	unsigned reaction; /* to the next message */
	bool close_expected, close_told;
	bool listened, close_awaited; /* if it does not take off after all */
};

/* NONE: no room. It is the actor's. */
unsigned thing_new(int kind, unsigned owner);
/* One of those of the kind that the actor has; NONE: it has none. */
unsigned thing_pick(unsigned actor, int kind, unsigned choice);
/* Any port whose owner keeps it open. */
unsigned thing_pick_port(unsigned choice);
void thing_use(unsigned thing);
void thing_unuse(unsigned thing);
/* Wait until nobody uses it; then nobody will. */
void thing_await_unused(unsigned thing);
/* Take all that came, or as the bits say; what is not taken is the library's. */
void thing_take_all(unsigned actor, wt_message *message, unsigned bits);
void thing_take_worker_data(unsigned actor, const unsigned *things, unsigned count);
/* A transfer list's entry, and what the call has made of the variable. */
wt_transfer thing_move(unsigned thing);
void thing_take_off(unsigned thing);
/* What has become of it when the actor's call returns. */
void thing_land(unsigned actor, unsigned thing, int err);
/* The actor destroys or closes what it has. Ports only if `ports`: else the library does. */
void thing_destroy(unsigned thing);
void thing_leave_all(unsigned actor, bool ports);
/* At the end of a run: each has ended once [T4]. */
void thing_check_all(void);
/* The library closes a descriptor. */
int thing_close_descriptor(int fd);

/* ---- Actors ---- */

enum { ACTOR_LOCKS = 3, ACTOR_ENDPOINTS = 2 };

struct actor {
	unsigned number, position; /* of its next operation */
	bool begun, left;
	unsigned left_as; /* letter_count then */
	bool stops; /* its program is over */
	bool tidies; /* it closes what it has, before it ends */
	uint64_t id;
	int code; /* of a worker, where it ends by itself */

	wt_slot slot; /* open: a draft is being written there */
	struct draft slot_draft;
	unsigned slot_thing;

	struct held_lock {
		wt_lock *lock;
		unsigned name;
		int mode;
		bool held, pending, stolen;
		unsigned actor;
	} lock[ACTOR_LOCKS];

	unsigned async_waits; /* pending */
	wt_timer *timer;
	wt_time timer_next;
	bool listens; /* to messages to its thread */
};

/* Of the worker with an actor's number. */
struct employee {
	wt_worker *worker;
	unsigned creator;
	unsigned near_end, far_end; /* things: the creator's port, its own */
	unsigned users;
	bool ending;     /* its creator waits for the last of them */
	bool employed;   /* once */
	bool terminated; /* somebody has told it to end, or is about to */
	unsigned things[4], thing_count; /* with its data */
	unsigned events; /* told so far, an EVENT_ each */
	bool hears;      /* its creator has set handlers */
};

/*
 * Waits of the program itself, for others that use what it is about to end:
 * nothing ends them but those.
 */
struct latches {
	unsigned waiting; /* actors at this moment */
	unsigned changes; /* how often that has changed */
};

struct world {
	struct operation operation[OPERATIONS_MOST];
	unsigned operations;
	struct thing thing[THINGS_MOST];
	struct inbox inbox[THINGS_MOST];
	unsigned things;
	struct actor actor[ACTORS];
	struct employee employee[ACTORS];
	unsigned letters; /* begun and ended */
	struct latches latches;
};

extern struct world world;

/* A moment, a few milliseconds ahead at the most; WT_NOW for most choices. */
wt_time world_deadline(unsigned choice);

/* ... and none of them WT_NOW. */
wt_time world_later(unsigned choice);

/* Until nobody uses it; and who ceases to. */
void world_await_unused(const unsigned *users);
void world_unuse(unsigned *users);

/* Run the actor's program. */
void actor_run(struct actor *self);

/* What it has is no longer in use by others; it is about to end. */
void actor_leave(struct actor *self);

/* Whether the actor may be told WT_ETERMINATED. */
bool actor_is_terminated(const struct actor *self);

/* ---- Operations, by file ---- */

typedef void operation_fn(struct actor *self, const struct operation *op);

operation_fn port_create, port_post, port_post_many, port_send, port_receive, port_drain, port_select, port_close,
	port_handle, port_run, port_slot, port_call, port_make_sender, port_use_sender, port_make_thing, port_end_thing;
operation_fn worker_create, worker_terminate, worker_join, worker_destroy, worker_handle, worker_end;
operation_fn lock_acquire, lock_request, lock_release;
operation_fn cell_wait, cell_notify, cell_store, cell_wait_async, timer_set;
operation_fn broadcast_open, broadcast_post, broadcast_receive, broadcast_close;
operation_fn thread_listen, thread_post;
operation_fn pool_create, pool_submit, pool_finish, pool_destroy;

/* For actor_leave, and the end of a run. */
void port_leave(struct actor *self);
void worker_leave(struct actor *self);
void worker_finish_all(struct actor *self);
void lock_leave(struct actor *self);
void broadcast_leave(struct actor *self);
void pool_leave(struct actor *self);

void port_finish_all(struct actor *self);
void lock_begin(void);
void cell_begin(void);
void cell_end(void);
void cell_check(void);
void broadcast_begin(void);
void thread_begin(void);
void thread_check(void);
void pool_begin(void);
void pool_check(void);

#endif
