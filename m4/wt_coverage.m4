# SPDX-License-Identifier: MIT

# WT_COVERAGE: --enable-coverage. Call it before AC_PROG_CC, which would choose
# CFLAGS otherwise. Sets WT_COVERAGE_CFLAGS, for compiling and linking,
# WT_COVERAGE_LIBS, for the tests, and the conditional COVERAGE.
AC_DEFUN([WT_COVERAGE], [
  AC_ARG_ENABLE([coverage],
    [AS_HELP_STRING([--enable-coverage],
      [count which lines and branches are run (gcc; for make coverage)])],
    [], [enable_coverage=no])
  WT_COVERAGE_CFLAGS=
  WT_COVERAGE_LIBS=
  # Optimised, branches are not those of the source any more. The counters are
  # atomic: with -pthread that is gcc's default.
  AS_IF([test "$enable_coverage" = yes],
    [WT_COVERAGE_CFLAGS=--coverage
     WT_COVERAGE_LIBS="-Wl,--wrap=_exit,--wrap=abort,--undefined=__wrap_abort"
     : ${CFLAGS="-g -O0"}
     AC_DEFINE([WTI_COVERAGE], [1], [Define to 1 where it is counted what is run.])])
  AC_SUBST([WT_COVERAGE_CFLAGS])
  AC_SUBST([WT_COVERAGE_LIBS])
  AM_CONDITIONAL([COVERAGE], [test "$enable_coverage" = yes])
])
