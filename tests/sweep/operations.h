/* SPDX-License-Identifier: MIT
 *
 * The operations of the table that operations.c does not hold itself.
 */
#ifndef OPERATIONS_H
#define OPERATIONS_H

#define CHECKED(condition) CHECK(&sweep_verdict, condition)

/* ---- operations_moving.c: what goes with messages, and the other ways to send ---- */

int transfer_everything(void);
int transfer_by_sender(void);
int transfer_to_worker(void);
int slots_in_turn(void);
int call_answered(void);
int drain_after_refusal(void);
int select_of_many(void);

/* ---- operations_thread.c: what a thread has of its own ---- */

int heap_blocks(void);
int timers_in_turn(void);
int environment_inherited(void);
int broadcasts_to_each(void);
int locks_in_turn(void);
int worker_created_hook(void);
int a_dump(void);
int thread_messages(void);
int thread_names(void);
int streams_of_a_worker(void);

/* ---- operations_pool.c ---- */

int pool_tasks(void);
int pool_callbacks(void);
int pool_failure(void);
int pool_maps(void);

#endif
