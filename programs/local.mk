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

EXTRA_DIST += programs/tap programs/check-wtsum

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
