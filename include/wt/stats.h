/* SPDX-License-Identifier: MIT
 *
 * Counters. A snapshot's `size` is set by the caller to sizeof the struct;
 * fields that this version of the library does not know become 0.
 */
#ifndef WT_STATS_H
#define WT_STATS_H

#include <wt/base.h>
#include <wt/error.h>

WT_BEGIN_DECLS

struct wt_port_stats {
	size_t size;         /* of this struct: set by the caller */
	uint64_t received;   /* messages handed over from this port's queue */
	uint64_t received_bytes; /* bytes of those messages */
	uint64_t dropped;    /* messages in this port's queue that were destroyed instead: damaged, or never read */
	uint64_t undelivered; /* messages posted on this port that the other end's queue dropped */
	uint64_t refused;    /* posts on this port that found no room */
	size_t queued;       /* bytes in this port's queue now, as the limit counts them */
	size_t high_water;   /* the most that there were, as far as was seen: now and then, at each refusal, and here */
	size_t limit;        /* of bytes in this port's queue; 0: without */
};

/*
 * Read the counters of a port; those that others are changing at the moment
 * may be of slightly different moments. Owner.
 *
 * Returns 0; WT_EINVAL for NULL or an impossible size; WT_EOWNER.
 */
WT_API WT_NODISCARD int wt_port_stats(const wt_port *port, struct wt_port_stats *stats);

struct wt_broadcast_stats {
	size_t size;         /* of this struct: set by the caller */
	uint64_t received;   /* messages handed over from this endpoint */
	uint64_t received_bytes; /* bytes of those messages */
	uint64_t dropped;    /* messages for this endpoint that were lost: above its limit, or damaged */
	size_t queued;       /* bytes that wait for it now, as the limit counts them */
	size_t limit;        /* of those bytes; 0: without */
};

/*
 * Read the counters of a broadcast's endpoint. Owner.
 *
 * Returns 0; WT_EINVAL for NULL or an impossible size; WT_EOWNER.
 */
WT_API WT_NODISCARD int wt_broadcast_stats(const wt_broadcast *broadcast, struct wt_broadcast_stats *stats);

/* What a worker is at, in the order of its life. */
enum {
	WT_WORKER_STARTING = 0, /* its thread has not begun */
	WT_WORKER_ONLINE = 1,
	WT_WORKER_ENDING = 2,   /* it has left its entry, or was told to end */
	WT_WORKER_EXITED = 3
};

/* All 0 while the worker is starting, the last values once it has exited. */
struct wt_worker_stats {
	size_t size;         /* of this struct: set by the caller */
	int state;           /* WT_WORKER_STARTING to WT_WORKER_EXITED */
	int zombie;          /* 1: wt_worker_terminate has timed out, and the worker still runs */
	int64_t cpu_time;    /* that the worker's thread has used, ns */
	int64_t loop_idle;   /* that its loop has slept, ns */
	int64_t loop_active; /* the rest of the time since its loop first ran, ns; 0 for a worker without */
	size_t heap_now;     /* as in struct wt_heap_stats; once it has exited, what the end took back */
	size_t heap_peak;
	uint64_t messages_in;  /* that it was handed from its parent port */
	uint64_t messages_out; /* of its own that its creator was handed */
	uint64_t bytes_in;     /* of those messages */
	uint64_t bytes_out;
	size_t queue_high_water; /* bytes, the most that waited for the worker, as far as was seen */
};

/*
 * Read a worker's accounts. They go on while they are read, so that two of
 * them may be of slightly different moments. Any thread.
 *
 * Returns 0; WT_EINVAL for NULL or an impossible size.
 */
WT_API WT_NODISCARD int wt_worker_stats(const wt_worker *worker, struct wt_worker_stats *stats);

struct wt_worker_limits {
	size_t size;       /* of this struct: set by the caller */
	size_t stack_size; /* bytes, rounded up as they were; 0: the system's default */
	size_t heap_limit; /* bytes; 0: without */
	int cpu;           /* as WT_CPU makes it; 0: that of the creator */
	int nice;          /* 0: that of the creator */
	int cpu_error;     /* why the system refused `cpu`, a negative error; 0: it did not, or the worker is starting */
	int nice_error;    /* the same for `nice` */
};

/*
 * Read back which limits and which place a worker was given by its options,
 * and which place the system refused: the worker then runs where it may. Any
 * thread.
 *
 * Returns 0; WT_EINVAL for NULL or an impossible size.
 */
WT_API WT_NODISCARD int wt_worker_limits(const wt_worker *worker, struct wt_worker_limits *limits);

WT_END_DECLS

#endif
