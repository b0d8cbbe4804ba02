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
