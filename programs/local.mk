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
programs_thumbnails_CPPFLAGS = $(programs_cppflags) -D_GNU_SOURCE
programs_thumbnails_CFLAGS = $(examples_cflags) $(JPEG_CFLAGS)
programs_thumbnails_LDFLAGS = $(wt_program_ldflags)
programs_thumbnails_LDADD = $(programs_libs) $(JPEG_LIBS) -lm
programs_check_pictures_SOURCES = programs/check_pictures.c programs/check_pictures.h programs/check_pictures_draw.c \
	programs/check_pictures_file.c programs/check_pictures_reference.c
programs_check_pictures_CPPFLAGS = $(programs_cppflags) -D_GNU_SOURCE
programs_check_pictures_CFLAGS = $(examples_cflags) $(JPEG_CFLAGS)
programs_check_pictures_LDFLAGS = $(wt_program_ldflags)
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
programs_jsonstat_CPPFLAGS = $(programs_cppflags) -D_GNU_SOURCE
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
programs_infer_CPPFLAGS = $(programs_cppflags) -D_GNU_SOURCE
programs_infer_CFLAGS = $(examples_cflags) $(FANN_CFLAGS)
programs_infer_LDFLAGS = $(wt_program_ldflags)
programs_infer_LDADD = $(programs_libs) $(FANN_LIBS) -lm
programs_check_infer_SOURCES = programs/check_infer.c
programs_check_infer_CPPFLAGS = $(programs_cppflags)
programs_check_infer_CFLAGS = $(examples_cflags) $(FANN_CFLAGS)
programs_check_infer_LDFLAGS = $(wt_program_ldflags)
programs_check_infer_LDADD = $(FANN_LIBS) -lm

EXTRA_DIST += programs/bench-media
