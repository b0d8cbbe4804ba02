# SPDX-License-Identifier: MIT

# WT_SANITIZER: --enable-sanitizer. Call it before AC_PROG_CC, which would
# choose CFLAGS otherwise. Sets wt_sanitizer and WT_SANITIZER_CFLAGS.
AC_DEFUN([WT_SANITIZER], [
  AC_ARG_ENABLE([sanitizer],
    [AS_HELP_STRING([--enable-sanitizer=KIND],
      [instrument all code: address (with undefined and leak), thread or none @<:@none@:>@])],
    [wt_sanitizer=$enableval], [wt_sanitizer=none])
  AS_CASE([$wt_sanitizer],
    [none|no], [wt_sanitizer=none WT_SANITIZER_CFLAGS=],
    [address], [WT_SANITIZER_CFLAGS='-fsanitize=address,undefined,leak -fno-sanitize-recover=all'],
    [thread], [WT_SANITIZER_CFLAGS='-fsanitize=thread'],
    [AC_MSG_ERROR([--enable-sanitizer takes address, thread or none, not $wt_sanitizer])])
  # Enough optimisation to finish, few enough inlined frames to read a report.
  AS_IF([test "$wt_sanitizer" != none],
    [: ${CFLAGS="-g -O1 -fno-omit-frame-pointer"}])
  AC_SUBST([WT_SANITIZER_CFLAGS])
  AC_SUBST([wt_sanitizer])
  AM_CONDITIONAL([SANITIZER], [test "$wt_sanitizer" != none])
])

# WT_SANITIZER_CHECK: an instrumented program must run. Sets WT_TEST_PREFIX,
# the command that each test is started with.
AC_DEFUN([WT_SANITIZER_CHECK], [
  WT_TEST_PREFIX=
  # ThreadSanitizer's shadow memory collides with what a kernel with many bits
  # of address randomisation maps, on some runs only: take the luck out.
  AS_IF([test "$wt_sanitizer" = thread && setarch -R true 2>/dev/null],
    [WT_TEST_PREFIX='setarch -R'])
  AC_SUBST([WT_TEST_PREFIX])

  AS_IF([test "$wt_sanitizer" != none], [
    AC_MSG_CHECKING([whether a program under the $wt_sanitizer sanitizer runs])
    wt_saved_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS $WT_SANITIZER_CFLAGS"
    AC_LINK_IFELSE([AC_LANG_PROGRAM], [
      AS_IF([$WT_TEST_PREFIX ./conftest$EXEEXT >&AS_MESSAGE_LOG_FD 2>&1],
        [AC_MSG_RESULT([yes])],
        [AC_MSG_RESULT([no])
         AC_MSG_FAILURE([the $wt_sanitizer sanitizer does not run here])])
    ], [
      AC_MSG_RESULT([no])
      AC_MSG_FAILURE([$CC has no run-time for the $wt_sanitizer sanitizer])
    ])
    CFLAGS=$wt_saved_CFLAGS
  ])
])
