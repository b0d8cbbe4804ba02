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

if HAVE_JANSSON
noinst_PROGRAMS += programs/json_messages
TESTS += programs/check-json_messages
endif
EXTRA_DIST += programs/tap.sh programs/check-json_messages
programs_json_messages_SOURCES = programs/json_messages.c programs/json_documents.c programs/json_documents.h \
	programs/json_message.c programs/json_message.h programs/json_report.c programs/json_report.h \
	programs/json_session.c programs/json_session.h programs/json_worker.c programs/json_worker.h
programs_json_messages_CPPFLAGS = $(programs_cppflags) -D_GNU_SOURCE
programs_json_messages_CFLAGS = $(examples_cflags) $(JANSSON_CFLAGS)
programs_json_messages_LDFLAGS = $(wt_program_ldflags)
programs_json_messages_LDADD = $(programs_libs) $(JANSSON_LIBS)

if HAVE_MICROHTTPD
if HAVE_JANSSON
if HAVE_LIBCRYPTO
noinst_PROGRAMS += programs/encrypt_server
TESTS += programs/check-encrypt_server
endif
endif
endif
EXTRA_DIST += programs/check-encrypt_server
programs_encrypt_server_SOURCES = programs/encrypt_server.c programs/encrypt_body.c programs/encrypt_body.h \
	programs/encrypt_http.c programs/encrypt_http.h \
	programs/encrypt_listen.c programs/encrypt_listen.h programs/encrypt_loop.c programs/encrypt_loop.h \
	programs/encrypt_metrics.c programs/encrypt_metrics.h programs/encrypt_options.c programs/encrypt_options.h \
	programs/encrypt_request.c programs/encrypt_request.h programs/encrypt_routes.c programs/encrypt_routes.h \
	programs/encrypt_task.c programs/encrypt_task.h
programs_encrypt_server_CPPFLAGS = $(programs_cppflags) -D_GNU_SOURCE
programs_encrypt_server_CFLAGS = $(examples_cflags) $(MICROHTTPD_CFLAGS) $(JANSSON_CFLAGS) $(LIBCRYPTO_CFLAGS)
programs_encrypt_server_LDFLAGS = $(wt_program_ldflags)
programs_encrypt_server_LDADD = $(programs_libs) $(MICROHTTPD_LIBS) $(JANSSON_LIBS) $(LIBCRYPTO_LIBS)
