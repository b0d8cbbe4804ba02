/* SPDX-License-Identifier: MIT
 *
 * What a thread hands down to its workers: its environment variables and its
 * environment data, each a dictionary that is copied on write, so that a
 * worker which asks for none of it costs its creator two counts.
 *
 * The variables of a thread are its own, or those of a group that shares
 * them (WT_SHARE_ENV), under a lock. The process's are copied once, when the
 * library first needs them, on the thread that does: libwt then reads
 * nothing that a later setenv of the program could move.
 *
 * environment.c       variables, and what a new worker gets
 * environment_data.c  data
 */
#ifndef WTI_ENVIRONMENT_H
#define WTI_ENVIRONMENT_H

struct wti_thread;

/*
 * Creator: give a thread that does not run yet its environment. `list` is as
 * in wt_worker_options.env. 0, WT_EINVAL or WT_ENOMEM; what it was given is
 * let go by its own end, or by wti_environment_drop.
 */
int wti_environment_inherit(struct wti_thread *thread, struct wti_thread *creator, const char *const *list);
void wti_environment_drop(struct wti_thread *thread);

#endif
