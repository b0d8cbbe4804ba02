# SPDX-License-Identifier: MIT
# The fuzz targets: the library on the scheduler, driven by bytes. What stands
# here builds them with tests/fuzz/replay.c as their main, which any compiler
# can; check-fuzz builds them again, by clang, with libFuzzer in its place.

wt_fuzz_targets = tests/fuzz/names tests/fuzz/operations tests/fuzz/options
wt_fuzz_sources = tests/fuzz/fuzz.c tests/fuzz/fuzz.h $(wt_sched_engine)
# What has the main, and what counts the places that a run comes to.
WT_FUZZ_ENGINE = tests/fuzz/libreplay.a
WT_FUZZ_COVERAGE =

EXTRA_PROGRAMS += $(wt_fuzz_targets)
EXTRA_LIBRARIES += tests/fuzz/libreplay.a
CLEANFILES += $(wt_fuzz_targets) tests/fuzz/libreplay.a
tests_fuzz_libreplay_a_SOURCES = tests/fuzz/replay.c
tests_fuzz_libreplay_a_CPPFLAGS = $(wt_sched_cppflags)
tests_fuzz_libreplay_a_CFLAGS = $(wt_sched_cflags)

# Named, for the engine may be a flag.
wt_fuzz_needs = tests/fuzz/libreplay.a libwtsched.a
wt_fuzz_libraries = $(WT_FUZZ_ENGINE) libwtsched.a $(WT_JEMALLOC_LIBS)
tests_fuzz_names_SOURCES = tests/fuzz/names.c $(wt_fuzz_sources)
tests_fuzz_names_CPPFLAGS = $(wt_sched_cppflags)
tests_fuzz_names_CFLAGS = $(wt_sched_cflags)
tests_fuzz_names_LDADD = $(wt_fuzz_libraries)
tests_fuzz_names_DEPENDENCIES = $(wt_fuzz_needs)
tests_fuzz_options_SOURCES = tests/fuzz/options.c $(wt_fuzz_sources)
tests_fuzz_options_CPPFLAGS = $(wt_sched_cppflags)
tests_fuzz_options_CFLAGS = $(wt_sched_cflags)
tests_fuzz_options_LDADD = $(wt_fuzz_libraries)
tests_fuzz_options_DEPENDENCIES = $(wt_fuzz_needs)
tests_fuzz_operations_SOURCES = \
	tests/fuzz/broadcast.c \
	tests/fuzz/cell.c \
	tests/fuzz/letter.c \
	tests/fuzz/lock.c \
	tests/fuzz/mutate.c \
	tests/fuzz/operations.c \
	tests/fuzz/pool.c \
	tests/fuzz/port.c \
	tests/fuzz/receive.c \
	tests/fuzz/thing.c \
	tests/fuzz/thread.c \
	tests/fuzz/worker.c \
	tests/fuzz/world.h \
	$(wt_fuzz_sources)
tests_fuzz_operations_CPPFLAGS = $(wt_sched_cppflags)
tests_fuzz_operations_CFLAGS = $(wt_sched_cflags)
tests_fuzz_operations_LDADD = $(wt_fuzz_libraries)
tests_fuzz_operations_DEPENDENCIES = $(wt_fuzz_needs)

EXTRA_DIST += tests/fuzz/run tests/fuzz/corpus

# $(call wt_fuzz_run,SECONDS,WORD): one file after the other, by whatever compiler.
wt_fuzz_run = timeout --kill-after=10 $(1) $(srcdir)/tests/fuzz/run $(2) $(wt_fuzz_targets:%=./%)
check-fuzz-corpus: $(wt_fuzz_targets)
	@test '$(wt_sanitizer)' != thread || { echo 'fuzz targets skipped: not with --enable-sanitizer=thread'; exit 1; }
	@top_srcdir='$(abs_top_srcdir)' $(call wt_tap,tests/fuzz/corpus,$(call wt_fuzz_run,600,replay))

# In a build of its own, by clang, under AddressSanitizer; then FUZZ_SECONDS of libFuzzer each.
check-fuzz:
	@$(MKDIR_P) build-fuzz
	@cd build-fuzz && { test -f Makefile || $(abs_srcdir)/configure --quiet --disable-static --enable-debug \
		--enable-sanitizer=address $(wt_no_programs) --without-jemalloc --without-cmocka CC=clang; }
	@cd build-fuzz && $(MAKE) check-fuzz-here \
		WT_FUZZ_ENGINE=-fsanitize=fuzzer WT_FUZZ_COVERAGE=-fsanitize=fuzzer-no-link
check-fuzz-here: $(wt_fuzz_targets)
	@top_srcdir='$(abs_top_srcdir)' $(call wt_tap,tests/fuzz/fuzz,$(call wt_fuzz_run,7200,fuzz))
.PHONY: check-fuzz-corpus check-fuzz check-fuzz-here

clean-local: clean-fuzz
clean-fuzz:
	rm -rf build-fuzz found
.PHONY: clean-fuzz
CLEANFILES += tests/fuzz/corpus.log tests/fuzz/corpus.trs tests/fuzz/fuzz.log tests/fuzz/fuzz.trs
