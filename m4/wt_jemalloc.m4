# SPDX-License-Identifier: MIT

# WT_JEMALLOC: --with-jemalloc. The library itself is not linked with it, only
# compiled for it (lib/arena_jemalloc.c); programs get it through wt.pc. Not
# under a sanitizer, which has a malloc of its own. Sets WT_JEMALLOC_LIBS,
# WT_JEMALLOC_PRIVATE_LIBS for static programs, and wt_heaps, the summary's word.
AC_DEFUN([WT_JEMALLOC], [
  AS_IF([test "$wt_sanitizer" != none], [
    AS_IF([test "$with_jemalloc" = yes],
      [AC_MSG_ERROR([--with-jemalloc: not together with --enable-sanitizer=$wt_sanitizer])])
    with_jemalloc=no
  ])
  WT_OPTIONAL([jemalloc], [an arena for each heap], [libjemalloc-dev], [
    PKG_CHECK_MODULES([JEMALLOC], [jemalloc >= 5.0], [WT_JEMALLOC_PROBE], [:])
  ])
  WT_JEMALLOC_LIBS=
  WT_JEMALLOC_PRIVATE_LIBS=
  wt_heaps="malloc's blocks"
  AS_IF([test "$wt_with_jemalloc" = yes], [
    AC_DEFINE([WTI_JEMALLOC], [1], [Define to 1 to use jemalloc's arenas where the program has them.])
    wt_heaps="jemalloc's arenas, in programs that link it as wt.pc says"
    # Whoever names no symbol of it needs it all the same. One word, because
    # pkg-config and libtool change the order of words.
    WT_JEMALLOC_LIBS=`echo $JEMALLOC_LIBS | sed 's/-Wl,//g; s/  */,/g'`
    WT_JEMALLOC_LIBS="-Wl,--push-state,--no-as-needed,$WT_JEMALLOC_LIBS,--pop-state"
    # What its archive needs, which its own .pc file does not say.
    WT_JEMALLOC_PRIVATE_LIBS=-lm
  ])
  AC_SUBST([WT_JEMALLOC_LIBS])
  AC_SUBST([WT_JEMALLOC_PRIVATE_LIBS])
])

# WT_JEMALLOC_PROBE: sets wt_found to yes when the calls are there, without a prefix.
AC_DEFUN([WT_JEMALLOC_PROBE], [
  wt_saved_CFLAGS=$CFLAGS
  wt_saved_LIBS=$LIBS
  CFLAGS="$CFLAGS $JEMALLOC_CFLAGS"
  LIBS="$JEMALLOC_LIBS $LIBS"
  AC_MSG_CHECKING([whether jemalloc's calls have no prefix])
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[
      #include <jemalloc/jemalloc.h>
    ]], [[
      return mallctl("version", 0, 0, 0, 0) != 0 || nallocx(1, 0) == 0;
    ]])], [wt_found=yes], [wt_found=no])
  AC_MSG_RESULT([$wt_found])
  CFLAGS=$wt_saved_CFLAGS
  LIBS=$wt_saved_LIBS
])
