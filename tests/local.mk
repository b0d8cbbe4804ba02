# SPDX-License-Identifier: MIT
# A unit test is one word in wt_unit_tests: tests/test_<module> is built from
# tests/test_<module>.c. A script is one word in wt_script_tests or, when it
# looks at the sources or the product's binary and a sanitizer has nothing to
# say about it, in wt_product_tests.

wt_unit_tests = \
	tests/test_alloc \
	tests/test_arena \
	tests/test_atomics \
	tests/test_bad_input \
	tests/test_barrier \
	tests/test_broadcast \
	tests/test_broadcast_log \
	tests/test_broadcast_receive \
	tests/test_buffer \
	tests/test_call \
	tests/test_cargo \
	tests/test_cargo_close \
	tests/test_clock \
	tests/test_cost \
	tests/test_crew \
	tests/test_deadline \
	tests/test_deleter \
	tests/test_dictionary \
	tests/test_dump \
	tests/test_dump_signal \
	tests/test_environment \
	tests/test_environment_data \
	tests/test_error \
	tests/test_fork \
	tests/test_fork_pool \
	tests/test_gather \
	tests/test_hash \
	tests/test_heap \
	tests/test_histogram \
	tests/test_interrupt \
	tests/test_limits \
	tests/test_line \
	tests/test_list \
	tests/test_lock \
	tests/test_lock_acquire \
	tests/test_lock_cycle \
	tests/test_lock_query \
	tests/test_lock_request \
	tests/test_loop \
	tests/test_loop_time \
	tests/test_message \
	tests/test_mutants \
	tests/test_mutex \
	tests/test_os \
	tests/test_owned \
	tests/test_park \
	tests/test_poke \
	tests/test_pool \
	tests/test_pool_brief \
	tests/test_pool_deleter \
	tests/test_pool_map \
	tests/test_pool_queue \
	tests/test_pool_record \
	tests/test_pool_room \
	tests/test_pool_stats \
	tests/test_pool_task \
	tests/test_pool_worker \
	tests/test_port \
	tests/test_port_close \
	tests/test_port_cycles \
	tests/test_port_drain \
	tests/test_port_receive \
	tests/test_port_sleep \
	tests/test_port_stats \
	tests/test_port_transfer \
	tests/test_post_to_thread \
	tests/test_post_to_thread_async \
	tests/test_post_to_thread_crossing \
	tests/test_process \
	tests/test_ring \
	tests/test_ring_bias \
	tests/test_segment \
	tests/test_select \
	tests/test_sender \
	tests/test_shared \
	tests/test_sleep \
	tests/test_slot \
	tests/test_source \
	tests/test_stream \
	tests/test_text \
	tests/test_thread \
	tests/test_thread_message \
	tests/test_thread_message_serve \
	tests/test_thread_name \
	tests/test_thread_registry \
	tests/test_timer \
	tests/test_trace \
	tests/test_transfer \
	tests/test_transfer_buffer \
	tests/test_wait \
	tests/test_wait_async \
	tests/test_wait_notify \
	tests/test_waiters \
	tests/test_worker \
	tests/test_worker_argv \
	tests/test_worker_created \
	tests/test_worker_data \
	tests/test_worker_events \
	tests/test_worker_limits \
	tests/test_worker_run \
	tests/test_worker_stats \
	tests/test_worker_stream \
	$(wt_system_tests) \
	$(wt_debug_tests)
if DEBUG
wt_debug_tests = tests/test_misuse
endif
if POSIX_ONLY
wt_system_tests = \
	tests/test_os_posix \
	tests/test_os_posix_alarm \
	tests/test_os_posix_event \
	tests/test_os_posix_futex
else
wt_system_tests = tests/test_os_linux tests/test_os_refused
endif

wt_script_tests = \
	scripts/check-examples \
	scripts/check-loops \
	scripts/check-programs

wt_product_tests = \
	scripts/check-atomics \
	scripts/check-gdb \
	scripts/check-guarantees \
	scripts/check-hard \
	scripts/check-headers \
	scripts/check-html \
	scripts/check-linking \
	scripts/check-pages \
	scripts/check-readme \
	scripts/check-run-test \
	scripts/check-verification

# These are the defaults that each unit test gets by not having flags of its
# own; library, examples and support all have.
AM_CPPFLAGS = $(wt_cppflags) $(JEMALLOC_CFLAGS) -DWTI_TESTING -I$(top_srcdir)/tests
AM_CFLAGS = $(wt_cflags) $(WT_PIE_CFLAGS) $(CMOCKA_CFLAGS)
AM_LDFLAGS = -no-install -pthread $(wt_program_ldflags)
LDADD = $(WT_COVERAGE_LIBS) tests/libsupport.a libwttest.a $(CMOCKA_LIBS) $(WT_JEMALLOC_LIBS)

tests_test_crew_LDADD = $(LDADD) -lm

if HAVE_CMOCKA
check_LIBRARIES += tests/libsupport.a
check_PROGRAMS += $(wt_unit_tests)
TESTS += $(wt_unit_tests)
endif
tests_libsupport_a_SOURCES = \
	tests/support/child.c \
	tests/support/child.h \
	tests/support/divert.c \
	tests/support/divert.h \
	tests/support/element.c \
	tests/support/element.h \
	tests/support/forks.c \
	tests/support/forks.h \
	tests/support/json.c \
	tests/support/json.h \
	tests/support/pools.c \
	tests/support/pools.h \
	tests/support/ports.c \
	tests/support/ports.h \
	tests/support/process.c \
	tests/support/process.h \
	tests/support/random.c \
	tests/support/random.h \
	tests/support/seams.c \
	tests/support/seams.h \
	tests/support/station.c \
	tests/support/station.h \
	tests/support/support.c \
	tests/support/support.h \
	tests/support/transfer.c \
	tests/support/transfer.h \
	tests/support/verdict.c \
	tests/support/verdict.h
if COVERAGE
tests_libsupport_a_SOURCES += tests/support/coverage.c
endif
tests_libsupport_a_CPPFLAGS = $(AM_CPPFLAGS)
tests_libsupport_a_CFLAGS = $(AM_CFLAGS)

# One resource after the other refused to every operation; each refuses another kind.
wt_sweeps = tests/sweep/sweep_oom tests/sweep/sweep_os
wt_sweep_sources = \
	tests/sweep/operations.c \
	tests/sweep/operations.h \
	tests/sweep/operations_moving.c \
	tests/sweep/operations_pool.c \
	tests/sweep/operations_thread.c \
	tests/sweep/sweep.c \
	tests/sweep/sweep.h
EXTRA_PROGRAMS += $(wt_sweeps)
CLEANFILES += $(wt_sweeps)
tests_sweep_sweep_oom_SOURCES = tests/sweep/sweep_oom.c $(wt_sweep_sources)
tests_sweep_sweep_os_SOURCES = tests/sweep/sweep_os.c $(wt_sweep_sources)

# The library on the scheduler: its seams are replaced by a header that comes
# first, and lib/mutex.c by tests/sched/lock.c. Its statement expressions hide
# each other's variables, as nested macros do.
wt_sched_cppflags = $(wt_cppflags) $(JEMALLOC_CFLAGS) -DWTI_TESTING -I$(top_srcdir)/tests \
	-include $(top_srcdir)/tests/sched/replace.h
wt_sched_cflags = $(wt_cflags) $(WT_PIE_CFLAGS) -Wno-shadow
EXTRA_PROGRAMS += tests/sched/sched
CLEANFILES += tests/sched/sched
tests_sched_sched_CPPFLAGS = $(wt_sched_cppflags)
tests_sched_sched_CFLAGS = $(wt_sched_cflags)
tests_sched_sched_LDADD = libwtsched.a $(WT_JEMALLOC_LIBS)
# What runs fibres; the fuzz targets have it, too.
wt_sched_engine = \
	tests/sched/access.c \
	tests/sched/fibre.c \
	tests/sched/lock.c \
	tests/sched/memory.c \
	tests/sched/output.c \
	tests/sched/posix.c \
	tests/sched/schedule.c \
	tests/sched/scheduler.c \
	tests/sched/site.c \
	tests/sched/store_buffer.c \
	tests/sched/system.c \
	tests/sched/verdict.c
tests_sched_sched_SOURCES = $(wt_sched_engine) \
	tests/sched/access.h \
	tests/sched/atomic.h \
	tests/sched/explore.c \
	tests/sched/explore.h \
	tests/sched/fibre.h \
	tests/sched/main.c \
	tests/sched/memory.h \
	tests/sched/output.h \
	tests/sched/pct.c \
	tests/sched/posix.h \
	tests/sched/replace.h \
	tests/sched/report.h \
	tests/sched/sanitizer.h \
	tests/sched/scenario.c \
	tests/sched/scenario.h \
	tests/sched/scenario_bias.c \
	tests/sched/scenario_broadcast.c \
	tests/sched/scenario_close.c \
	tests/sched/scenario_dump.c \
	tests/sched/scenario_errand.c \
	tests/sched/scenario_full.c \
	tests/sched/scenario_litmus.c \
	tests/sched/scenario_lock.c \
	tests/sched/scenario_loop.c \
	tests/sched/scenario_lost.c \
	tests/sched/scenario_orphan.c \
	tests/sched/scenario_pool.c \
	tests/sched/scenario_pool.h \
	tests/sched/scenario_pool_cancel.c \
	tests/sched/scenario_pool_end.c \
	tests/sched/scenario_pool_room.c \
	tests/sched/scenario_pool_submit.c \
	tests/sched/scenario_pool_task.c \
	tests/sched/scenario_port.c \
	tests/sched/scenario_slot.c \
	tests/sched/scenario_stream.c \
	tests/sched/scenario_task.c \
	tests/sched/scenario_terminate.c \
	tests/sched/scenario_terminate_wait.c \
	tests/sched/scenario_transfer.c \
	tests/sched/scenario_wait.c \
	tests/sched/scenario_worker.c \
	tests/sched/scenario_worker.h \
	tests/sched/schedule.h \
	tests/sched/scheduler.h \
	tests/sched/site.h \
	tests/sched/store_buffer.h \
	tests/sched/system.h \
	tests/sched/trial.c \
	tests/sched/trial.h

# The glue of examples/loops: the same scenarios in each loop. Compiled as the
# examples are.
check_PROGRAMS += tests/loops/test_epoll
TESTS += tests/loops/test_epoll
tests_loops_test_epoll_SOURCES = tests/loops/scenarios.c tests/loops/host.h tests/loops/host_epoll.c
tests_loops_test_epoll_CPPFLAGS = $(examples_cppflags)
tests_loops_test_epoll_CFLAGS = $(examples_cflags)
tests_loops_test_epoll_LDFLAGS = $(wt_program_ldflags)
tests_loops_test_epoll_LDADD = $(examples_libs)

if HAVE_LIBUV
check_PROGRAMS += tests/loops/test_uv
TESTS += tests/loops/test_uv
endif
tests_loops_test_uv_SOURCES = tests/loops/scenarios.c tests/loops/host.h tests/loops/host_uv.c \
	examples/loops/wt_uv.c examples/loops/wt_uv.h
tests_loops_test_uv_CPPFLAGS = $(examples_cppflags)
tests_loops_test_uv_CFLAGS = $(examples_cflags) $(LIBUV_CFLAGS)
tests_loops_test_uv_LDFLAGS = $(wt_program_ldflags)
tests_loops_test_uv_LDADD = $(examples_libs) $(LIBUV_LIBS)

if HAVE_GLIB
check_PROGRAMS += tests/loops/test_glib
TESTS += tests/loops/test_glib
endif
tests_loops_test_glib_SOURCES = tests/loops/scenarios.c tests/loops/host.h tests/loops/host_glib.c \
	examples/loops/wt_glib.c examples/loops/wt_glib.h
tests_loops_test_glib_CPPFLAGS = $(examples_cppflags)
tests_loops_test_glib_CFLAGS = $(examples_cflags) $(GLIB_CFLAGS)
tests_loops_test_glib_LDFLAGS = $(wt_program_ldflags)
tests_loops_test_glib_LDADD = $(examples_libs) $(GLIB_LIBS)

if HAVE_LIBEVENT
check_PROGRAMS += tests/loops/test_event
TESTS += tests/loops/test_event
endif
tests_loops_test_event_SOURCES = tests/loops/scenarios.c tests/loops/host.h tests/loops/host_event.c \
	examples/loops/wt_event.c examples/loops/wt_event.h
tests_loops_test_event_CPPFLAGS = $(examples_cppflags)
tests_loops_test_event_CFLAGS = $(examples_cflags) $(LIBEVENT_CFLAGS)
tests_loops_test_event_LDFLAGS = $(wt_program_ldflags)
tests_loops_test_event_LDADD = $(examples_libs) $(LIBEVENT_LIBS)

if HAVE_LIBEV
check_PROGRAMS += tests/loops/test_ev
TESTS += tests/loops/test_ev
endif
tests_loops_test_ev_SOURCES = tests/loops/scenarios.c tests/loops/host.h tests/loops/host_ev.c \
	examples/loops/wt_ev.c examples/loops/wt_ev.h
tests_loops_test_ev_CPPFLAGS = $(examples_cppflags)
tests_loops_test_ev_CFLAGS = $(examples_cflags) $(LIBEV_CFLAGS)
tests_loops_test_ev_LDFLAGS = $(wt_program_ldflags)
tests_loops_test_ev_LDADD = $(examples_libs) $(LIBEV_LIBS)

# Storms on the shipped library, as users have it: the public headers, -lwt.
wt_stress_cppflags = -include $(top_builddir)/config.h -I$(top_srcdir)/include -I$(top_srcdir)/tests
wt_stress_libs = libwt.la $(WT_JEMALLOC_LIBS)
wt_stress_programs = tests/stress/stress tests/stress/soak
EXTRA_PROGRAMS += $(wt_stress_programs)
CLEANFILES += $(wt_stress_programs)
wt_stress_sources = \
	tests/stress/account.c \
	tests/stress/account.h \
	tests/stress/crowd.c \
	tests/stress/crowd.h \
	tests/stress/storm.c \
	tests/stress/storm.h \
	tests/stress/storm_broadcast.c \
	tests/stress/storm_close.c \
	tests/stress/storm_lock.c \
	tests/stress/storm_pool.c \
	tests/stress/storm_port.c \
	tests/stress/storm_post_to_thread.c \
	tests/stress/storm_stream.c \
	tests/stress/storm_wait.c \
	tests/stress/storm_worker.c \
	tests/stress/track.c \
	tests/stress/track.h \
	tests/stress/watchdog.c \
	tests/stress/watchdog.h \
	tests/support/element.c \
	tests/support/element.h \
	tests/support/process.c \
	tests/support/process.h \
	tests/support/random.c \
	tests/support/random.h \
	tests/support/verdict.c \
	tests/support/verdict.h
tests_stress_stress_CPPFLAGS = $(wt_stress_cppflags)
tests_stress_stress_LDADD = $(wt_stress_libs)
tests_stress_stress_SOURCES = tests/stress/stress.c $(wt_stress_sources)
tests_stress_soak_CPPFLAGS = $(wt_stress_cppflags)
tests_stress_soak_LDADD = $(wt_stress_libs)
tests_stress_soak_SOURCES = tests/stress/soak.c $(wt_stress_sources)

TESTS += $(wt_script_tests)
if !SANITIZER
TESTS += $(wt_product_tests)
endif
EXTRA_DIST += $(wt_script_tests) $(wt_product_tests) scripts/foreign-root scripts/check-coverage scripts/run-test scripts/tap.sh \
	scripts/Checks.pm tests/valgrind.supp

# Both kinds speak TAP, and neither may hang: scripts/run-test is the last resort,
# behind the watchdog in tests/support.
TEST_EXTENSIONS = .sh
TEST_TIMEOUT = 300
wt_tap_driver = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
wt_run_test = $(top_srcdir)/scripts/run-test
LOG_DRIVER = $(wt_tap_driver)
LOG_COMPILER = $(wt_run_test)
AM_LOG_FLAGS = $(TEST_TIMEOUT) $(WT_TEST_PREFIX)
SH_LOG_DRIVER = $(wt_tap_driver)
# $(call wt_tap,RECORD,COMMAND[,RESULTS]): as the suite runs a test. Fails, and
# shows what was said, unless the result is PASS, or one of RESULTS.
wt_tap = $(wt_tap_driver) --test-name $(1) --log-file $(1).log --trs-file $(1).trs --color-tests no \
	--enable-hard-errors yes --expect-failure no -- $(2) && \
	{ grep -Eq '^:global-test-result: ($(or $(3),PASS))' $(1).trs || { cat $(1).log; exit 1; }; }
SH_LOG_COMPILER = $(wt_run_test)
AM_SH_LOG_FLAGS = $(TEST_TIMEOUT)

# handle_segv=2: the report, not cmocka's one line. allocator_may_return_null:
# as malloc does, which some tests ask for too much. atexit_sleep_ms: a second for
# each program that ends with threads is minutes, where a script runs hundreds.
AM_TESTS_ENVIRONMENT = \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	WT_DEBUG_LEAKS=abort; export WT_DEBUG_LEAKS; \
	ASAN_OPTIONS=exitcode=66:halt_on_error=1:detect_stack_use_after_return=1:handle_segv=2:handle_sigbus=2:allocator_may_return_null=1; \
	LSAN_OPTIONS=exitcode=66; \
	UBSAN_OPTIONS=exitcode=66:halt_on_error=1:print_stacktrace=1; \
	TSAN_OPTIONS=exitcode=66:halt_on_error=1:second_deadlock_stack=1:allocator_may_return_null=1:atexit_sleep_ms=20; \
	export ASAN_OPTIONS LSAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS; \
	top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; \
	export top_srcdir top_builddir; \
	WT_SANITIZER='$(wt_sanitizer)'; export WT_SANITIZER; \
	CC='$(CC)'; CXX='$(WT_CXX)'; AWK='$(AWK)'; MANDOC='$(MANDOC)'; GDB='$(GDB)'; export CC CXX AWK MANDOC GDB;

if !HAVE_CMOCKA
check-local:
	@echo 'unit tests skipped: install libcmocka-dev and configure again'
endif

# Other builds live in folders of their own. Static objects would be a second
# build of the same code.
wt_configure = $(abs_srcdir)/configure --quiet --disable-static --with-cmocka
wt_sub_configure = $(wt_configure) CC='$(CC)'
# Where the library is what may differ: programs on other libraries take long, but for those on libcrypto.
wt_no_programs = --disable-programs --with-libcrypto=auto
# Against what scripts/foreign-root has made in the folder `root`.
wt_foreign_configure = $(wt_configure) $(wt_no_programs) --without-jemalloc --without-libcrypto \
	CMOCKA_CFLAGS="-I$$PWD/root/include" CMOCKA_LIBS="-L$$PWD/root/lib -lcmocka"

check-libc:
	@$(MKDIR_P) build-libc
	@cd build-libc && { test -f Makefile || $(wt_sub_configure) $(wt_no_programs) --without-jemalloc; }
	@cd build-libc && $(MAKE) check

# Of the same build only what looks where memory comes from.
wt_heap_tests = $(addprefix tests/test_,arena bad_input cost fork heap limits pool_worker stream worker worker_limits \
	worker_stats) scripts/check-hard scripts/check-linking

check-heaps:
	@$(MAKE) check-libc TESTS='$(if $(filter command,$(origin TESTS)),$(TESTS),$(wt_heap_tests))' \
		check_PROGRAMS='$(filter tests/%,$(wt_heap_tests))' check_DATA=

check-asan:
	@$(MKDIR_P) build-asan
	@cd build-asan && { test -f Makefile || $(wt_sub_configure) --enable-sanitizer=address; }
	@cd build-asan && $(MAKE) check

check-tsan:
	@$(MKDIR_P) build-tsan
	@cd build-tsan && { test -f Makefile || $(wt_sub_configure) --enable-sanitizer=thread; }
	@cd build-tsan && $(MAKE) check

check-clang:
	@$(MKDIR_P) build-clang
	@cd build-clang && { test -f Makefile || $(wt_configure) $(wt_no_programs) CC=clang; }
	@cd build-clang && $(MAKE) check

# The library without what only Linux has.
check-posix:
	@$(MKDIR_P) build-posix
	@cd build-posix && { test -f Makefile || $(wt_sub_configure) $(wt_no_programs) --enable-posix-only; }
	@cd build-posix && $(MAKE) check

# Built by all processors, run by the first one alone.
check-one-cpu:
	@$(MKDIR_P) build-one-cpu
	@cd build-one-cpu && { test -f Makefile || $(wt_sub_configure) $(wt_no_programs); }
	@cd build-one-cpu && $(MAKE) check TESTS= && taskset -c 0 $(MAKE) check

# scripts/foreign-root makes the folder of what it builds against.
check-musl:
	@$(MKDIR_P) build-musl
	@cd build-musl && { test -f root/include/cmocka.h || $(abs_srcdir)/scripts/foreign-root root musl-gcc; }
	@cd build-musl && { test -f Makefile || $(wt_foreign_configure) CC=musl-gcc CPPFLAGS="-isystem $$PWD/root/include"; }
	@cd build-musl && $(MAKE) check

# The unit tests on another processor, which qemu emulates. Left out are those
# of what is qemu's own: the limits of the process, what memory it takes, and
# filters of system calls, which would be the system's, not the emulated one's.
# WT_TEST_SLOW: it is slow.
wt_aarch64 = aarch64-linux-gnu
wt_aarch64_tests = $(filter-out tests/test_limits tests/test_os_refused tests/test_shared,$(wt_unit_tests))

check-aarch64:
	@$(MKDIR_P) build-aarch64
	@cd build-aarch64 && { test -f root/include/cmocka.h || \
		$(abs_srcdir)/scripts/foreign-root root $(wt_aarch64)-gcc; }
	@cd build-aarch64 && { test -f Makefile || $(wt_foreign_configure) --host=$(wt_aarch64); }
	@cd build-aarch64 && QEMU_LD_PREFIX=/usr/$(wt_aarch64) WT_TEST_EMULATOR=qemu-aarch64 WT_TEST_SLOW=1 \
		$(MAKE) check TEST_TIMEOUT=900 WT_TEST_PREFIX=qemu-aarch64 \
		TESTS='$(if $(filter command,$(origin TESTS)),$(TESTS),$(wt_aarch64_tests))'

# Memcheck takes the place of malloc, hence without jemalloc. Left out are the
# tests that look at what valgrind changes: the memory and the address space of
# the process, its one processor at a time, a program that executes itself, the
# stack of the first thread when a signal comes.
wt_valgrind = valgrind -q --fair-sched=yes --error-exitcode=66 --leak-check=full --show-leak-kinds=definite \
	--errors-for-leak-kinds=definite --suppressions=$(abs_srcdir)/tests/valgrind.supp
wt_valgrind_tests = $(filter-out tests/test_cost tests/test_fork tests/test_fork_pool tests/test_limits \
	tests/test_mutants tests/test_os tests/test_os_refused tests/test_shared tests/test_wait tests/test_worker_limits, \
	$(wt_unit_tests))

check-valgrind:
	@$(MKDIR_P) build-valgrind
	@cd build-valgrind && { test -f Makefile || $(wt_sub_configure) $(wt_no_programs) --without-jemalloc CFLAGS='-O1 -g'; }
	@cd build-valgrind && WT_TEST_SLOW=1 $(MAKE) check TEST_TIMEOUT=900 \
		TESTS='$(if $(filter command,$(origin TESTS)),$(TESTS),$(wt_valgrind_tests))' \
		WT_TEST_PREFIX='$(wt_valgrind)'

check-hard: libwt.la
	@top_builddir='$(abs_top_builddir)' CC='$(CC)' $(srcdir)/scripts/check-hard

# What of the library is run by the suite, with the debug checks, and the
# sweeps. This build has none of the wrong versions, and its counters are
# barriers, which slow threads down: loops are as short as under valgrind. What
# an older build has counted is of no use.
wt_coverage_tests = $(filter-out tests/test_mutants,$(wt_unit_tests))

coverage:
	@$(MKDIR_P) build-coverage
	@cd build-coverage && { test -f Makefile || $(wt_sub_configure) $(wt_no_programs) --enable-debug --enable-coverage; }
	@cd build-coverage && find . -name '*.gcda' -exec rm {} +
	@cd build-coverage && WT_TEST_SLOW=1 $(MAKE) check check_DATA= \
		TESTS='$(if $(filter command,$(origin TESTS)),$(TESTS),$(wt_coverage_tests))'
	@$(if $(filter command,$(origin TESTS)),:,$(MAKE) -C build-coverage check-sweeps check-coverage)

check-coverage:
	@$(MKDIR_P) scripts
	@$(call wt_tap,scripts/check-coverage,$(srcdir)/scripts/check-coverage); status=$$?; cat coverage.txt; exit $$status

# Their records stand beside the programs.
if HAVE_CMOCKA
check-oom check-os: check-%: tests/sweep/sweep_%
	@$(call wt_tap,$<,$(wt_run_test) 1800 $<)
else
check-oom check-os:
	@echo 'sweeps skipped: install libcmocka-dev and configure again'; exit 1
endif

check-sweeps: check-oom check-os

# ThreadSanitizer knows nothing of fibres, and would find one thread.
check-sched: tests/sched/sched
	@test '$(wt_sanitizer)' != thread || { echo 'schedules skipped: not with --enable-sanitizer=thread'; exit 1; }
	@$(call wt_tap,$<,$(wt_run_test) 1800 $<)

# Their own watchdog ends a storm that hangs: the day is for who has more minutes, and run-test for the hogs that
# an abort leaves. The soak speaks for itself, a line each minute.
check-stress: tests/stress/stress
	@$(AM_TESTS_ENVIRONMENT) WT_STRESS_MINUTES='$(or $(STRESS_MINUTES),1)' \
		$(call wt_tap,$<,$(wt_run_test) 86400 $(WT_TEST_PREFIX) $<)

soak: tests/stress/soak
	@$(AM_TESTS_ENVIRONMENT) WT_SOAK_MINUTES='$(or $(SOAK_MINUTES),60)' $(WT_TEST_PREFIX) $<

# Each wrong version, in the targets of tests/mutants/table.
wt_mutant_targets = tests/sched/sched tests/test_broadcast_log tests/test_lock_acquire tests/test_park tests/test_port \
	tests/test_ring tests/test_ring_bias tests/test_transfer tests/test_worker
EXTRA_DIST += tests/mutants/table scripts/check-mutants
if HAVE_CMOCKA
check-mutants: libwt.la $(wt_mutant_targets)
	@test '$(wt_sanitizer)' != thread || { echo 'mutants skipped: not with --enable-sanitizer=thread'; exit 1; }
	@$(MKDIR_P) tests/mutants
	@top_builddir='$(abs_top_builddir)' \
		$(call wt_tap,tests/mutants/run,$(wt_run_test) 1800 $(srcdir)/scripts/check-mutants)
else
check-mutants:
	@echo 'mutants skipped: install libcmocka-dev and configure again'; exit 1
endif

EXTRA_DIST += \
	tests/model/bias.pml \
	tests/model/brief.pml \
	tests/model/drain.pml \
	tests/model/errand.pml \
	tests/model/late.pml \
	tests/model/life.pml \
	tests/model/notify.pml \
	tests/model/owned.pml \
	tests/model/park.pml \
	tests/model/run \
	tests/model/slotpark.pml

check-model:
if HAVE_SPIN
	@$(MKDIR_P) tests/model
	@SPIN='$(SPIN)' CC='$(CC)' $(call wt_tap,tests/model/run,$(abs_srcdir)/tests/model/run)
else
	@echo 'models skipped: install spin and configure again'; exit 1
endif

# All that finds mistakes, one after the other, so that no deadline of a test
# measures its neighbours. check has check-hard in it. `./dev all` does the
# same, and installs what is missing.
wt_all_checks = \
	check \
	check-install \
	check-libc \
	check-asan \
	check-tsan \
	check-sweeps \
	check-sched \
	check-mutants \
	check-model \
	check-stress \
	check-fuzz \
	coverage \
	check-abi \
	check-clang \
	check-musl \
	check-posix \
	check-one-cpu \
	check-aarch64 \
	check-valgrind

check-all:
	@failed=; for target in $(wt_all_checks); do \
		echo "== $$target"; \
		$(MAKE) --no-print-directory $$target || failed="$$failed $$target"; \
	done; \
	test -z "$$failed" || { echo "failed:$$failed"; exit 1; }

.PHONY: check-all check-libc check-heaps check-asan check-tsan check-clang check-musl check-posix check-one-cpu \
	check-aarch64 check-valgrind check-hard check-model check-oom check-os check-sweeps check-sched \
	check-mutants check-stress soak coverage check-coverage

# What is installed, and nothing of this folder. check-install has a root of
# its own for that.
EXTRA_DIST += \
	tests/install/cmake/CMakeLists.txt \
	tests/install/move.cc \
	tests/install/python.py \
	tests/install/run

installcheck-local:
	@$(MKDIR_P) tests/install
	@$(AM_TESTS_ENVIRONMENT) DESTDIR='$(DESTDIR)' pkgconfigdir='$(pkgconfigdir)'; export DESTDIR pkgconfigdir; \
	$(call wt_tap,tests/install/run,$(wt_run_test) 900 $(abs_srcdir)/tests/install/run,PASS|SKIP)

wt_install_root = $(abs_builddir)/tests/install/root

check-install: all
	@rm -rf $(wt_install_root)
	@$(MAKE) --no-print-directory -s install DESTDIR=$(wt_install_root) >/dev/null
	@$(MAKE) --no-print-directory installcheck DESTDIR=$(wt_install_root)

clean-local: clean-install-root
clean-install-root:
	rm -rf $(wt_install_root)
.PHONY: check-install clean-install-root
CLEANFILES += tests/install/run.log tests/install/run.trs

clean-local: clean-other-builds
clean-other-builds:
	rm -rf build-libc build-asan build-tsan build-clang build-musl build-posix build-one-cpu \
		build-aarch64 build-valgrind build-coverage
.PHONY: clean-other-builds
CLEANFILES += tests/model/run.log tests/model/run.trs $(wt_sweeps:=.log) $(wt_sweeps:=.trs) \
	tests/sched/sched.log tests/sched/sched.trs tests/stress/stress.log tests/stress/stress.trs \
	tests/mutants/run.log tests/mutants/run.trs
