/* SPDX-License-Identifier: MIT
 *
 * What a storm owes and what it has got: every message that a post accepted is
 * received or counted as dropped, every deleter runs, every task comes back.
 * When a round is over both sides are equal, of each kind.
 */
#ifndef STRESS_ACCOUNT_H
#define STRESS_ACCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "support/verdict.h"

enum account_kind {
	ACCOUNT_MESSAGES,  /* accepted; received, or counted as dropped */
	ACCOUNT_DELETERS,  /* buffers made; their deleters run */
	ACCOUNT_CLOSES,    /* ports whose close is awaited; close events */
	ACCOUNT_WORKERS,   /* created; their ends heard, by exit event or join */
	ACCOUNT_CLEANUPS,  /* deferred; run */
	ACCOUNT_TASKS,     /* submitted; come back */
	ACCOUNT_SECTIONS,  /* done under a lock; found in what it guards */
	ACCOUNT_CALLBACKS, /* asked for; called, or taken back */
	ACCOUNT_WAKES,     /* counted by notify; waits that returned 0 */
	ACCOUNT_OUTCOMES,  /* messages to threads said to be handled; handled */
	ACCOUNT_BYTES,     /* written to streams; read */
	ACCOUNT_KINDS
};

extern const char *const account_names[ACCOUNT_KINDS];

struct account {
	atomic_ullong owed[ACCOUNT_KINDS]; /* any thread */
	atomic_ullong paid[ACCOUNT_KINDS];
};

/* Any thread. */
void account_owe(struct account *account, enum account_kind kind, uint64_t count);
void account_pay(struct account *account, enum account_kind kind, uint64_t count);

/* The following when the threads of the storm have been joined. */
void account_add(struct account *total, const struct account *round);
bool account_is_even(const struct account *account, enum account_kind kind);

/* Fails the verdict with the first kind whose sides differ. */
void account_judge(const struct account *account, struct verdict *verdict);

#endif
