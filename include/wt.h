/* SPDX-License-Identifier: MIT
 *
 * libwt: worker_threads for C. Isolated workers, message ports, clean ends.
 *
 * This header includes every public one; each can also be included alone.
 * Start with wt(7), or with examples/fibonacci.c.
 */
#ifndef WT_H
#define WT_H

#include <wt/atomics.h>
#include <wt/base.h>
#include <wt/broadcast.h>
#include <wt/buffer.h>
#include <wt/call.h>
#include <wt/error.h>
#include <wt/heap.h>
#include <wt/dump.h>
#include <wt/environment.h>
#include <wt/error.h>
#include <wt/lock.h>
#include <wt/loop.h>
#include <wt/message.h>
#include <wt/pool.h>
#include <wt/port.h>
#include <wt/post_to_thread.h>
#include <wt/sender.h>
#include <wt/shared.h>
#include <wt/stats.h>
#include <wt/stdio.h>
#include <wt/thread.h>
#include <wt/thread_name.h>
#include <wt/time.h>
#include <wt/transfer.h>
#include <wt/timer.h>
#include <wt/worker.h>

#endif
