# SPDX-License-Identifier: MIT
# Programs for use, on real libraries, over libwt's pool. Compiled as a user
# would, like the examples. Each is built where its library is, and its
# programs/check-NAME is then part of the suite.
programs_cppflags = -I$(top_srcdir)/include -I$(top_srcdir)/programs
programs_libs = programs/libprograms.a libwt.la $(WT_JEMALLOC_LIBS)

EXTRA_LIBRARIES += programs/libprograms.a
programs_libprograms_a_SOURCES = programs/progress.c programs/progress.h \
	programs/count.c programs/count.h programs/inorder.c programs/inorder.h
programs_libprograms_a_CPPFLAGS = $(programs_cppflags) -D_GNU_SOURCE
programs_libprograms_a_CFLAGS = $(examples_cflags)
EXTRA_DIST += programs/tap.sh
