# SPDX-License-Identifier: MIT
# A unit test is one word in wt_unit_tests: tests/test_<module> is built from
# tests/test_<module>.c. A script is one word in wt_script_tests or, when it
# looks at the sources or the product's binary and a sanitizer has nothing to
# say about it, in wt_product_tests.

wt_unit_tests = \
	tests/test_alloc \
	tests/test_atomics \
	tests/test_bad_input \
	tests/test_barrier \
	tests/test_clock \
	tests/test_cost \
	tests/test_deadline \
	tests/test_dictionary \
	tests/test_environment \
	tests/test_environment_data \
	tests/test_error \
	tests/test_list \
	tests/test_lock \
	tests/test_lock_acquire \
	tests/test_lock_cycle \
	tests/test_lock_query \
	tests/test_lock_request \
	tests/test_loop \
	tests/test_message \
	tests/test_mutants \
	tests/test_mutex \
	tests/test_os \
	tests/test_park \
	tests/test_port \
	tests/test_port_close \
	tests/test_port_receive \
	tests/test_process \
	tests/test_ring \
	tests/test_segment \
	tests/test_shared \
	tests/test_source \
	tests/test_thread \
	tests/test_timer \
	tests/test_wait \
	tests/test_wait_async \
	tests/test_wait_notify \
	tests/test_waiters \
	tests/test_worker \
	tests/test_worker_created \
	tests/test_worker_events \
	tests/test_worker_run

wt_script_tests = \
	scripts/check-examples \
	scripts/check-programs

wt_product_tests = \
	scripts/check-atomics \
	scripts/check-guarantees \
	scripts/check-pages

# These are the defaults that each unit test gets by not having flags of its
# own; library, examples and support all have.
AM_CPPFLAGS = $(wt_cppflags) -DWTI_TESTING -I$(top_srcdir)/tests
AM_CFLAGS = $(wt_cflags) $(WT_PIE_CFLAGS) $(CMOCKA_CFLAGS)
AM_LDFLAGS = -no-install -pthread $(wt_program_ldflags)
LDADD = tests/libsupport.a libwttest.a $(CMOCKA_LIBS)

if HAVE_CMOCKA
check_LIBRARIES += tests/libsupport.a
check_PROGRAMS += $(wt_unit_tests)
TESTS += $(wt_unit_tests)
endif
tests_libsupport_a_SOURCES = \
	tests/support/child.c \
	tests/support/child.h \
	tests/support/ports.c \
	tests/support/ports.h \
	tests/support/support.c \
	tests/support/support.h
tests_libsupport_a_CPPFLAGS = $(AM_CPPFLAGS)
tests_libsupport_a_CFLAGS = $(AM_CFLAGS)

TESTS += $(wt_script_tests)
if !SANITIZER
TESTS += $(wt_product_tests)
endif
EXTRA_DIST += $(wt_script_tests) $(wt_product_tests)

# Both kinds speak TAP, and neither may hang: the time-out is the last resort,
# behind the watchdog in tests/support.
TEST_EXTENSIONS = .sh
TEST_TIMEOUT = 300
wt_tap_driver = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(wt_tap_driver)
LOG_COMPILER = timeout
AM_LOG_FLAGS = --kill-after=10 $(TEST_TIMEOUT) $(WT_TEST_PREFIX)
SH_LOG_DRIVER = $(wt_tap_driver)
SH_LOG_COMPILER = timeout
AM_SH_LOG_FLAGS = --kill-after=10 $(TEST_TIMEOUT)

# handle_segv=2: the report, not cmocka's one line.
AM_TESTS_ENVIRONMENT = \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	ASAN_OPTIONS=exitcode=66:halt_on_error=1:detect_stack_use_after_return=1:handle_segv=2:handle_sigbus=2; \
	LSAN_OPTIONS=exitcode=66; \
	UBSAN_OPTIONS=exitcode=66:halt_on_error=1:print_stacktrace=1; \
	TSAN_OPTIONS=exitcode=66:halt_on_error=1:second_deadlock_stack=1; \
	export ASAN_OPTIONS LSAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS; \
	top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; \
	export top_srcdir top_builddir; \
	CC='$(CC)'; CXX='$(WT_CXX)'; AWK='$(AWK)'; MANDOC='$(MANDOC)'; export CC CXX AWK MANDOC;

if !HAVE_CMOCKA
check-local:
	@echo 'unit tests skipped: install libcmocka-dev and configure again'
endif

# The sanitizer builds live in folders of their own. Static objects would be
# a second build of the same code.
wt_sub_configure = $(abs_srcdir)/configure --quiet --disable-static --with-cmocka CC='$(CC)'

check-asan:
	@$(MKDIR_P) build-asan
	@cd build-asan && { test -f Makefile || $(wt_sub_configure) --enable-sanitizer=address; }
	@cd build-asan && $(MAKE) check

check-tsan:
	@$(MKDIR_P) build-tsan
	@cd build-tsan && { test -f Makefile || $(wt_sub_configure) --enable-sanitizer=thread; }
	@cd build-tsan && $(MAKE) check

EXTRA_DIST += \
	tests/model/life.pml \
	tests/model/notify.pml \
	tests/model/park.pml \
	tests/model/run \
	tests/model/slotpark.pml

check-model:
if HAVE_SPIN
	@$(MKDIR_P) tests/model
	@SPIN='$(SPIN)' CC='$(CC)' $(wt_tap_driver) --test-name tests/model/run \
		--log-file tests/model/run.log --trs-file tests/model/run.trs \
		--color-tests no --enable-hard-errors yes --expect-failure no -- \
		$(abs_srcdir)/tests/model/run
	@grep -q '^:global-test-result: PASS' tests/model/run.trs || \
		{ cat tests/model/run.log; exit 1; }
else
	@echo 'models skipped: install spin and configure again'
endif
.PHONY: check-asan check-tsan check-model

clean-local: clean-sanitizers
clean-sanitizers:
	rm -rf build-asan build-tsan
.PHONY: clean-sanitizers
CLEANFILES += tests/model/run.log tests/model/run.trs
