/* SPDX-License-Identifier: MIT
 *
 * What the scenarios with one worker share: it, how it is made, two things
 * that it may do, and what others do to it.
 */
#ifndef SCHED_SCENARIO_WORKER_H
#define SCHED_SCENARIO_WORKER_H

#include "sched/scenario.h"

extern wt_worker *worker; /* main's */

void scenario_create_worker(wt_entry *entry);

/* Entries, with the code 7: one that does nothing, and one that waits for a message. */
int scenario_end_at_once(wt_port *parent, const void *data, size_t size);
int scenario_receive_one(wt_port *parent, const void *data, size_t size);

/* Fibres: one that tells it to end, and one that posts a message which may come too late. */
void scenario_terminate_now(void *arg);
void scenario_post_to_worker(void *arg);

/* A worker with this entry is told to end by main while another fibre posts to it. */
void scenario_terminate_races_post(wt_entry *entry);

#endif
