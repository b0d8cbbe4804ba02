# SPDX-License-Identifier: MIT
# Programs for use, on real libraries, over libwt's pool. Compiled as a user
# would, like the examples. Each is built where its library is, and its
# programs/check-NAME is then part of the suite.
programs_cppflags = -I$(top_srcdir)/include -I$(top_srcdir)/programs
programs_libs = programs/libprograms.a libwt.la $(WT_JEMALLOC_LIBS)

EXTRA_LIBRARIES += programs/libprograms.a
programs_libprograms_a_SOURCES = programs/progress.c programs/progress.h \
	programs/complain.c programs/complain.h programs/count.c programs/count.h \
	programs/descriptors.c programs/descriptors.h \
	programs/output.c programs/output.h \
	programs/quoted.c programs/quoted.h
programs_libprograms_a_CPPFLAGS = $(programs_cppflags)
programs_libprograms_a_CFLAGS = $(examples_cflags)

programs_version = -DPROGRAM_VERSION='"$(PACKAGE_VERSION)"'

EXTRA_DIST += programs/tap programs/check-wtsum programs/check-wtzip

if HAVE_LIBCRYPTO
noinst_PROGRAMS += programs/wtsum
TESTS += programs/check-wtsum
endif
programs_wtsum_SOURCES = programs/wtsum.c \
	programs/wtsum_check.c programs/wtsum_check.h \
	programs/wtsum_hash.c programs/wtsum_hash.h \
	programs/wtsum_line.c programs/wtsum_line.h \
	programs/wtsum_options.c programs/wtsum_options.h \
	programs/wtsum_queue.c programs/wtsum_queue.h
programs_wtsum_CPPFLAGS = $(programs_cppflags) $(programs_version)
programs_wtsum_CFLAGS = $(examples_cflags) $(LIBCRYPTO_CFLAGS)
programs_wtsum_LDFLAGS = $(wt_program_ldflags)
programs_wtsum_LDADD = $(programs_libs) $(LIBCRYPTO_LIBS)

if HAVE_ZLIB
noinst_PROGRAMS += programs/wtzip
TESTS += programs/check-wtzip
endif
programs_wtzip_SOURCES = programs/wtzip.c \
	programs/gzip_frame.c programs/gzip_frame.h \
	programs/whole.c programs/whole.h \
	programs/wtzip_block.c programs/wtzip_block.h \
	programs/wtzip_compress.c programs/wtzip_compress.h \
	programs/wtzip_expand.c programs/wtzip_expand.h \
	programs/wtzip_job.c programs/wtzip_job.h \
	programs/wtzip_names.c programs/wtzip_names.h \
	programs/wtzip_options.c programs/wtzip_options.h \
	programs/wtzip_partial.c programs/wtzip_partial.h \
	programs/wtzip_source.c programs/wtzip_source.h \
	programs/wtzip_target.c programs/wtzip_target.h
programs_wtzip_CPPFLAGS = $(programs_cppflags) $(programs_version)
programs_wtzip_CFLAGS = $(examples_cflags) $(ZLIB_CFLAGS)
programs_wtzip_LDFLAGS = $(wt_program_ldflags)
programs_wtzip_LDADD = $(programs_libs) $(ZLIB_LIBS)

check_PROGRAMS += programs/test_gzip_frame
TESTS += programs/test_gzip_frame
programs_test_gzip_frame_SOURCES = programs/test_gzip_frame.c programs/gzip_frame.c programs/gzip_frame.h
programs_test_gzip_frame_CPPFLAGS = $(programs_cppflags)
programs_test_gzip_frame_CFLAGS = $(examples_cflags)
programs_test_gzip_frame_LDFLAGS = $(wt_program_ldflags)
programs_test_gzip_frame_LDADD =
