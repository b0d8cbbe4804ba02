# SPDX-License-Identifier: MIT
# Compiled as a user would: the public headers, the compiler's own standard.
# A handler that needs only some of its arguments is what a reader will write.
examples_cppflags = -I$(top_srcdir)/include
examples_cflags = $(WT_WARNING_CFLAGS) -Wno-unused-parameter $(WT_HARDENING_CFLAGS) $(WT_PIE_CFLAGS) \
	$(WT_SANITIZER_CFLAGS)
# What wt.pc says.
examples_libs = libwt.la $(WT_JEMALLOC_LIBS)

noinst_PROGRAMS += \
	examples/broadcast \
	examples/console \
	examples/echo \
	examples/environment \
	examples/fibonacci \
	examples/matrix \
	examples/locks \
	examples/parallel_fibonacci \
	examples/pipeline \
	examples/ports \
	examples/shared_counter \
	examples/terminate

examples_broadcast_SOURCES = examples/broadcast.c
examples_broadcast_CPPFLAGS = $(examples_cppflags)
examples_broadcast_CFLAGS = $(examples_cflags)
examples_broadcast_LDFLAGS = $(wt_program_ldflags)
examples_broadcast_LDADD = $(examples_libs)

examples_console_SOURCES = examples/console.c
examples_console_CPPFLAGS = $(examples_cppflags)
examples_console_CFLAGS = $(examples_cflags)
examples_console_LDFLAGS = $(wt_program_ldflags)
examples_console_LDADD = libwt.la

examples_echo_SOURCES = examples/echo.c
examples_echo_CPPFLAGS = $(examples_cppflags)
examples_echo_CFLAGS = $(examples_cflags)
examples_echo_LDFLAGS = $(wt_program_ldflags)
examples_echo_LDADD = $(examples_libs)

examples_environment_SOURCES = examples/environment.c
examples_environment_CPPFLAGS = $(examples_cppflags)
examples_environment_CFLAGS = $(examples_cflags)
examples_environment_LDFLAGS = $(wt_program_ldflags)
examples_environment_LDADD = libwt.la

examples_fibonacci_SOURCES = examples/fibonacci.c
examples_fibonacci_CPPFLAGS = $(examples_cppflags)
examples_fibonacci_CFLAGS = $(examples_cflags)
examples_fibonacci_LDFLAGS = $(wt_program_ldflags)
examples_fibonacci_LDADD = $(examples_libs)

examples_matrix_SOURCES = examples/matrix.c
examples_matrix_CPPFLAGS = $(examples_cppflags)
examples_matrix_CFLAGS = $(examples_cflags)
examples_matrix_LDFLAGS = $(wt_program_ldflags)
examples_matrix_LDADD = libwt.la

examples_locks_SOURCES = examples/locks.c
examples_locks_CPPFLAGS = $(examples_cppflags)
examples_locks_CFLAGS = $(examples_cflags)
examples_locks_LDFLAGS = $(wt_program_ldflags)
examples_locks_LDADD = libwt.la

examples_parallel_fibonacci_SOURCES = examples/parallel_fibonacci.c
examples_parallel_fibonacci_CPPFLAGS = $(examples_cppflags)
examples_parallel_fibonacci_CFLAGS = $(examples_cflags)
examples_parallel_fibonacci_LDFLAGS = $(wt_program_ldflags)
examples_parallel_fibonacci_LDADD = $(examples_libs)

examples_pipeline_SOURCES = examples/pipeline.c
examples_pipeline_CPPFLAGS = $(examples_cppflags)
examples_pipeline_CFLAGS = $(examples_cflags)
examples_pipeline_LDFLAGS = $(wt_program_ldflags)
examples_pipeline_LDADD = libwt.la

examples_ports_SOURCES = examples/ports.c
examples_ports_CPPFLAGS = $(examples_cppflags)
examples_ports_CFLAGS = $(examples_cflags)
examples_ports_LDFLAGS = $(wt_program_ldflags)
examples_ports_LDADD = libwt.la

examples_shared_counter_SOURCES = examples/shared_counter.c
examples_shared_counter_CPPFLAGS = $(examples_cppflags)
examples_shared_counter_CFLAGS = $(examples_cflags)
examples_shared_counter_LDFLAGS = $(wt_program_ldflags)
examples_shared_counter_LDADD = $(examples_libs)

examples_terminate_SOURCES = examples/terminate.c
examples_terminate_CPPFLAGS = $(examples_cppflags)
examples_terminate_CFLAGS = $(examples_cflags)
examples_terminate_LDFLAGS = $(wt_program_ldflags)
examples_terminate_LDADD = libwt.la

if HAVE_LIBCRYPTO
noinst_PROGRAMS += examples/hash
endif
examples_hash_SOURCES = examples/hash.c
examples_hash_CPPFLAGS = $(examples_cppflags)
examples_hash_CFLAGS = $(examples_cflags) $(LIBCRYPTO_CFLAGS)
examples_hash_LDFLAGS = $(wt_program_ldflags)
examples_hash_LDADD = $(examples_libs) $(LIBCRYPTO_LIBS)

# Programs with a loop of another library, each with its glue to copy.
examples_loops_cksum = examples/loops/cksum.c examples/loops/cksum.h

noinst_PROGRAMS += examples/loops/epoll
examples_loops_epoll_SOURCES = examples/loops/epoll.c $(examples_loops_cksum)
examples_loops_epoll_CPPFLAGS = $(examples_cppflags)
examples_loops_epoll_CFLAGS = $(examples_cflags)
examples_loops_epoll_LDFLAGS = $(wt_program_ldflags)
examples_loops_epoll_LDADD = $(examples_libs)

if HAVE_LIBUV
noinst_PROGRAMS += examples/loops/uv
endif
examples_loops_uv_SOURCES = examples/loops/uv.c \
	examples/loops/wt_uv.c examples/loops/wt_uv.h $(examples_loops_cksum)
examples_loops_uv_CPPFLAGS = $(examples_cppflags)
examples_loops_uv_CFLAGS = $(examples_cflags) $(LIBUV_CFLAGS)
examples_loops_uv_LDFLAGS = $(wt_program_ldflags)
examples_loops_uv_LDADD = $(examples_libs) $(LIBUV_LIBS)

if HAVE_GLIB
noinst_PROGRAMS += examples/loops/glib
endif
examples_loops_glib_SOURCES = examples/loops/glib.c \
	examples/loops/wt_glib.c examples/loops/wt_glib.h $(examples_loops_cksum)
examples_loops_glib_CPPFLAGS = $(examples_cppflags)
examples_loops_glib_CFLAGS = $(examples_cflags) $(GLIB_CFLAGS)
examples_loops_glib_LDFLAGS = $(wt_program_ldflags)
examples_loops_glib_LDADD = $(examples_libs) $(GLIB_LIBS)

if HAVE_LIBEVENT
noinst_PROGRAMS += examples/loops/event
endif
examples_loops_event_SOURCES = examples/loops/event.c \
	examples/loops/wt_event.c examples/loops/wt_event.h $(examples_loops_cksum)
examples_loops_event_CPPFLAGS = $(examples_cppflags)
examples_loops_event_CFLAGS = $(examples_cflags) $(LIBEVENT_CFLAGS)
examples_loops_event_LDFLAGS = $(wt_program_ldflags)
examples_loops_event_LDADD = $(examples_libs) $(LIBEVENT_LIBS)

if HAVE_LIBEV
noinst_PROGRAMS += examples/loops/ev
endif
examples_loops_ev_SOURCES = examples/loops/ev.c \
	examples/loops/wt_ev.c examples/loops/wt_ev.h $(examples_loops_cksum)
examples_loops_ev_CPPFLAGS = $(examples_cppflags)
examples_loops_ev_CFLAGS = $(examples_cflags) $(LIBEV_CFLAGS)
examples_loops_ev_LDFLAGS = $(wt_program_ldflags)
examples_loops_ev_LDADD = $(examples_libs) $(LIBEV_LIBS)
