/* SPDX-License-Identifier: MIT
 *
 * What every public header needs: attributes, and the opaque types.
 */
#ifndef WT_BASE_H
#define WT_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define WT_BEGIN_DECLS extern "C" {
#define WT_END_DECLS   }
#else
#define WT_BEGIN_DECLS
#define WT_END_DECLS
#endif

#if defined(__GNUC__) || defined(__clang__)
#define WT_API          __attribute__((visibility("default")))
#define WT_NODISCARD    __attribute__((warn_unused_result))
#define WT_NORETURN     __attribute__((noreturn))
#define WT_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define WT_API
#define WT_NODISCARD
#define WT_NORETURN
#define WT_PRINTF(f, a)
#endif

/* One end of a channel: messages posted on it arrive at the other end. */
typedef struct wt_port wt_port;

/* A sending end of a channel with a lifetime of its own, for threads that only post. */
typedef struct wt_sender wt_sender;

/* A block of bytes that moves between threads and is never in two places. */
typedef struct wt_buffer wt_buffer;

/* A thread started by wt_worker_create, with a channel to its creator. */
typedef struct wt_worker wt_worker;

/* A call that a thread's loop is to make at a moment, once or repeatedly. */
typedef struct wt_timer wt_timer;

/* A request of a named lock, and then the lock. */
typedef struct wt_lock wt_lock;

/* Which locks were held and requested at one moment. */
typedef struct wt_lock_snapshot wt_lock_snapshot;

/* Workers that run tasks. */
typedef struct wt_pool wt_pool;

/* A task of a pool, for its submitter and for the worker that runs it. */
typedef struct wt_task wt_task;

/* Memory that several threads use at the same time, at one address. */
typedef struct wt_shared wt_shared;

#endif
