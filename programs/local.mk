# SPDX-License-Identifier: MIT
# Programs for use, on real libraries, most over libwt's pool. Compiled as a user
# would, like the examples. Each is built where its library is, and its
# programs/check-NAME is then part of the suite.
programs_cppflags = -I$(top_srcdir)/include -I$(top_srcdir)/programs
programs_libs = programs/libprograms.a libwt.la $(WT_JEMALLOC_LIBS)

EXTRA_LIBRARIES += programs/libprograms.a
CLEANFILES += programs/libprograms.a
programs_libprograms_a_SOURCES = programs/progress.c programs/progress.h \
	programs/complain.c programs/complain.h programs/count.c programs/count.h \
	programs/descriptors.c programs/descriptors.h programs/inorder.c programs/inorder.h \
	programs/output.c programs/output.h \
	programs/quoted.c programs/quoted.h \
	programs/utf8.c programs/utf8.h \
	programs/whole.c programs/whole.h
programs_libprograms_a_CPPFLAGS = $(programs_cppflags)
programs_libprograms_a_CFLAGS = $(examples_cflags)

# Programs that only know the answer: a sanitizer in them finds nothing, and takes long.
programs_oracle_cflags = $(WT_WARNING_CFLAGS) $(WT_PIE_CFLAGS)

programs_version = -DPROGRAM_VERSION='"$(PACKAGE_VERSION)"'

EXTRA_DIST += programs/tap.sh programs/check-wtsum programs/check-wtzip

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
EXTRA_DIST += programs/check-json_messages
programs_json_messages_SOURCES = programs/json_messages.c programs/json_documents.c programs/json_documents.h \
	programs/json_message.c programs/json_message.h programs/json_report.c programs/json_report.h \
	programs/json_session.c programs/json_session.h programs/json_worker.c programs/json_worker.h
programs_json_messages_CPPFLAGS = $(programs_cppflags)
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
programs_encrypt_server_CPPFLAGS = $(programs_cppflags)
programs_encrypt_server_CFLAGS = $(examples_cflags) $(MICROHTTPD_CFLAGS) $(JANSSON_CFLAGS) $(LIBCRYPTO_CFLAGS)
programs_encrypt_server_LDFLAGS = $(wt_program_ldflags)
programs_encrypt_server_LDADD = $(programs_libs) $(MICROHTTPD_LIBS) $(JANSSON_LIBS) $(LIBCRYPTO_LIBS)
if HAVE_JPEG
noinst_PROGRAMS += programs/thumbnails
check_PROGRAMS += programs/check_pictures
TESTS += programs/check-thumbnails
endif
EXTRA_DIST += programs/check-thumbnails
programs_thumbnails_SOURCES = programs/thumbnails.c programs/thumbnails_exif.c programs/thumbnails_exif.h \
	programs/thumbnails_failure.c programs/thumbnails_failure.h programs/thumbnails_make.c \
	programs/thumbnails_make.h programs/thumbnails_names.c programs/thumbnails_names.h \
	programs/thumbnails_options.c programs/thumbnails_options.h programs/thumbnails_picture.c \
	programs/thumbnails_picture.h programs/thumbnails_read.c programs/thumbnails_resample.c \
	programs/thumbnails_resample.h programs/thumbnails_write.c
programs_thumbnails_CPPFLAGS = $(programs_cppflags)
programs_thumbnails_CFLAGS = $(examples_cflags) $(JPEG_CFLAGS)
programs_thumbnails_LDFLAGS = $(wt_program_ldflags)
programs_thumbnails_LDADD = $(programs_libs) $(JPEG_LIBS) -lm
programs_check_pictures_SOURCES = programs/check_pictures.c programs/check_pictures.h programs/check_pictures_draw.c \
	programs/check_pictures_file.c programs/check_pictures_reference.c
programs_check_pictures_CPPFLAGS = $(programs_cppflags)
programs_check_pictures_CFLAGS = $(programs_oracle_cflags) $(JPEG_CFLAGS)
programs_check_pictures_LDFLAGS = $(WT_PIE_LDFLAGS)
programs_check_pictures_LDADD = $(JPEG_LIBS) -lm

if HAVE_JANSSON
noinst_PROGRAMS += programs/jsonstat
TESTS += programs/check-jsonstat
endif
EXTRA_DIST += programs/check-jsonstat
programs_jsonstat_SOURCES = programs/jsonstat.c programs/jsonstat_cell.c programs/jsonstat_cell.h \
	programs/jsonstat_chunk.c programs/jsonstat_chunk.h programs/jsonstat_grow.c programs/jsonstat_grow.h \
	programs/jsonstat_keys.c programs/jsonstat_keys.h programs/jsonstat_lines.c programs/jsonstat_lines.h \
	programs/jsonstat_options.c programs/jsonstat_options.h programs/jsonstat_query.c programs/jsonstat_query.h \
	programs/jsonstat_table.c programs/jsonstat_table.h programs/jsonstat_value.c programs/jsonstat_value.h
programs_jsonstat_CPPFLAGS = $(programs_cppflags)
programs_jsonstat_CFLAGS = $(examples_cflags) $(JANSSON_CFLAGS)
programs_jsonstat_LDFLAGS = $(wt_program_ldflags)
programs_jsonstat_LDADD = $(programs_libs) $(JANSSON_LIBS) -lm

if HAVE_FANN
noinst_PROGRAMS += programs/infer
check_PROGRAMS += programs/check_infer
TESTS += programs/check-infer
endif
EXTRA_DIST += programs/check-infer
programs_infer_SOURCES = programs/infer.c programs/infer.h programs/infer_data.c programs/infer_data.h \
	programs/infer_model.c programs/infer_model.h programs/infer_options.c programs/infer_options.h \
	programs/infer_run.c programs/infer_train.c
programs_infer_CPPFLAGS = $(programs_cppflags)
programs_infer_CFLAGS = $(examples_cflags) $(FANN_CFLAGS)
programs_infer_LDFLAGS = $(wt_program_ldflags)
programs_infer_LDADD = $(programs_libs) $(FANN_LIBS) -lm
programs_check_infer_SOURCES = programs/check_infer.c
programs_check_infer_CPPFLAGS = $(programs_cppflags)
programs_check_infer_CFLAGS = $(programs_oracle_cflags) $(FANN_CFLAGS)
programs_check_infer_LDFLAGS = $(WT_PIE_LDFLAGS)
programs_check_infer_LDADD = $(FANN_LIBS) -lm

EXTRA_DIST += programs/bench-media
