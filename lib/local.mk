# SPDX-License-Identifier: MIT
# The sources are built twice: as the product, and as the library that the
# unit tests link, with yield points, mutants and test hooks compiled in and
# the wti_ symbols in reach. A third time, all but those that a link replaces,
# for the scheduler (tests/sched), where that is asked for.

wt_sources = $(wt_shared_sources) lib/mutex.c $(wt_system_sources)
if POSIX_ONLY
wt_system_sources = \
	lib/os_posix.c \
	lib/os_posix.h \
	lib/os_posix_alarm.c \
	lib/os_posix_alarm.h \
	lib/os_posix_event.c \
	lib/os_posix_futex.c
else
wt_system_sources = lib/os_linux.c
endif
if DEBUG
wt_debug_sources = lib/misuse.c
endif
wt_shared_sources = $(wt_debug_sources) \
	lib/alloc.c \
	lib/alloc.h \
	lib/arena.h \
	lib/arena_jemalloc.c \
	lib/arena_libc.c \
	lib/atomic.h \
	lib/atomics.c \
	lib/atomics.h \
	lib/barrier.c \
	lib/barrier.h \
	lib/base.h \
	lib/broadcast.c \
	lib/broadcast.h \
	lib/broadcast_cursor.c \
	lib/broadcast_log.c \
	lib/broadcast_log.h \
	lib/broadcast_post.c \
	lib/broadcast_receive.c \
	lib/buffer.c \
	lib/buffer.h \
	lib/call.c \
	lib/call.h \
	lib/cargo.c \
	lib/cargo.h \
	lib/clock.c \
	lib/crew.c \
	lib/crew.h \
	lib/deadline.c \
	lib/deadline.h \
	lib/dictionary.c \
	lib/dictionary.h \
	lib/dump.c \
	lib/dump.h \
	lib/dump_owned.c \
	lib/dump_signal.c \
	lib/dump_thread.c \
	lib/environment.c \
	lib/environment.h \
	lib/environment_data.c \
	lib/error.c \
	lib/error.h \
	lib/fork.c \
	lib/fork.h \
	lib/gather.c \
	lib/gather.h \
	lib/hash.h \
	lib/heap.c \
	lib/heap.h \
	lib/histogram.c \
	lib/histogram.h \
	lib/interrupt.c \
	lib/interrupt.h \
	lib/line.c \
	lib/line.h \
	lib/list.h \
	lib/lock.c \
	lib/lock.h \
	lib/lock_acquire.c \
	lib/lock_cycle.c \
	lib/lock_query.c \
	lib/lock_request.c \
	lib/loop.c \
	lib/loop.h \
	lib/loop_time.h \
	lib/message.c \
	lib/message.h \
	lib/misuse.h \
	lib/mutex.h \
	lib/os.c \
	lib/os.h \
	lib/os_system.h \
	lib/owned.c \
	lib/owned.h \
	lib/park.c \
	lib/park.h \
	lib/poke.c \
	lib/poke.h \
	lib/pool.c \
	lib/pool.h \
	lib/pool_back.h \
	lib/pool_client.c \
	lib/pool_done.c \
	lib/pool_each.c \
	lib/pool_keeper.c \
	lib/pool_map.c \
	lib/pool_message.c \
	lib/pool_queue.c \
	lib/pool_room.c \
	lib/pool_run.c \
	lib/pool_stats.c \
	lib/pool_submit.c \
	lib/pool_task.c \
	lib/pool_worker.c \
	lib/port.c \
	lib/port.h \
	lib/port_close.c \
	lib/port_drain.c \
	lib/port_post.c \
	lib/port_receive.c \
	lib/port_stats.c \
	lib/port_transfer.c \
	lib/post_to_thread.c \
	lib/post_to_thread.h \
	lib/post_to_thread_async.c \
	lib/probe.h \
	lib/process.c \
	lib/record.h \
	lib/ring.c \
	lib/ring.h \
	lib/ring_bias.c \
	lib/ring_bias.h \
	lib/ring_grow.c \
	lib/ring_grow.h \
	lib/ring_next.h \
	lib/ring_post.h \
	lib/ring_read.c \
	lib/seam.c \
	lib/seam.h \
	lib/segment.c \
	lib/segment.h \
	lib/select.c \
	lib/select_set.c \
	lib/select_set.h \
	lib/sender.c \
	lib/sender.h \
	lib/shared.c \
	lib/shared.h \
	lib/sleep.c \
	lib/slot.c \
	lib/slot.h \
	lib/source.c \
	lib/source.h \
	lib/stream.c \
	lib/stream.h \
	lib/text.c \
	lib/text.h \
	lib/thread.c \
	lib/thread.h \
	lib/thread_message.c \
	lib/thread_message.h \
	lib/thread_message_serve.c \
	lib/thread_name.c \
	lib/thread_registry.c \
	lib/thread_registry.h \
	lib/timer.c \
	lib/timer.h \
	lib/trace.c \
	lib/trace.h \
	lib/trace_file.c \
	lib/trace_file.h \
	lib/trace_flow.c \
	lib/trace_flow.h \
	lib/trace_write.c \
	lib/trace_write.h \
	lib/track.h \
	lib/transfer.c \
	lib/transfer.h \
	lib/wait.c \
	lib/wait.h \
	lib/wait_async.c \
	lib/wait_notify.c \
	lib/wait_notify.h \
	lib/waiters.c \
	lib/waiters.h \
	lib/worker.c \
	lib/worker.h \
	lib/worker_argv.c \
	lib/worker_created.c \
	lib/worker_events.c \
	lib/worker_limits.c \
	lib/worker_run.c \
	lib/worker_stats.c \
	lib/worker_stream.c

noinst_LTLIBRARIES += libwtcore.la
libwtcore_la_SOURCES = $(wt_sources)
libwtcore_la_CPPFLAGS = $(wt_cppflags) $(JEMALLOC_CFLAGS)
libwtcore_la_CFLAGS = $(wt_cflags)

lib_LTLIBRARIES += libwt.la
libwt_la_SOURCES =
libwt_la_LIBADD = libwtcore.la
libwt_la_LDFLAGS = -version-info 0:0:0 -no-undefined -pthread \
	$(WT_HARDENING_LDFLAGS) $(WT_SHARED_LDFLAGS) $(WT_SANITIZER_CFLAGS) $(WT_COVERAGE_CFLAGS)
EXTRA_libwt_la_DEPENDENCIES = libwt.map
if HAVE_VERSION_SCRIPT
libwt_la_LDFLAGS += -Wl,--version-script=$(top_srcdir)/libwt.map
endif

# Static and outside libtool: one set of objects instead of two.
check_LIBRARIES += libwttest.a
libwttest_a_SOURCES = $(wt_sources)
libwttest_a_CPPFLAGS = $(wt_cppflags) $(JEMALLOC_CFLAGS) -DWTI_TESTING
libwttest_a_CFLAGS = $(wt_cflags) $(WT_PIE_CFLAGS)

EXTRA_LIBRARIES += libwtsched.a
CLEANFILES += libwtsched.a
libwtsched_a_SOURCES = $(wt_shared_sources) $(wt_system_sources)
libwtsched_a_CPPFLAGS = $(wt_sched_cppflags)
libwtsched_a_CFLAGS = $(wt_sched_cflags) $(WT_FUZZ_COVERAGE)
