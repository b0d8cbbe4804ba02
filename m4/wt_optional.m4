# SPDX-License-Identifier: MIT
# What libwt can do without; most of it only tests and examples use. Each gets
# a --with-NAME: "auto" (default) uses it when it is there, "yes" insists, "no"
# leaves it out; without a word of it, $wt_optional says which. What is missing is told in the summary, with the Debian
# package that brings it.

# WT_OPTIONAL(NAME, FOR, PACKAGE, PROBE)
# PROBE sets wt_found to yes or no. Afterwards wt_with_NAME is yes or no, and
# so is the Automake conditional HAVE_<NAME>.
AC_DEFUN([WT_OPTIONAL], [
  AC_ARG_WITH([$1],
    [AS_HELP_STRING([--with-$1], [$2 (Debian package $3) @<:@auto@:>@])],
    [], [with_$1=$wt_optional])
  wt_found=no
  AS_IF([test "$with_$1" != no], [$4])
  AS_IF([test "$wt_found" = no && test "$with_$1" = yes],
    [AC_MSG_ERROR([--with-$1: not found; Debian's package $3 brings it])])
  wt_with_$1=$wt_found
  AS_CASE([$wt_found,$with_$1],
    [yes,*], [AS_VAR_APPEND([wt_summary_found], [" $1"])],
    [*,no], [],
    [AS_VAR_APPEND([wt_summary_skipped], ["
    $2 (install $3)"])])
  AM_CONDITIONAL([HAVE_]m4_toupper([$1]), [test "$wt_found" = yes])
])

# WT_OPTIONAL_MODULE(NAME, FOR, PACKAGE, MODULE): a pkg-config module; sets
# <NAME>_CFLAGS and <NAME>_LIBS.
AC_DEFUN([WT_OPTIONAL_MODULE], [
  WT_OPTIONAL([$1], [$2], [$3],
    [PKG_CHECK_MODULES(m4_toupper([$1]), [$4], [wt_found=yes], [wt_found=no])])
])

# WT_OPTIONAL_LIBRARY(NAME, FOR, PACKAGE, HEADER, FUNCTION, LIBS): a library
# that pkg-config does not know; sets <NAME>_LIBS.
AC_DEFUN([WT_OPTIONAL_LIBRARY], [
  WT_OPTIONAL([$1], [$2], [$3], [
    wt_saved_LIBS=$LIBS
    LIBS="$6 $LIBS"
    AC_CHECK_HEADER([$4], [AC_CHECK_FUNC([$5], [wt_found=yes])])
    LIBS=$wt_saved_LIBS
  ])
  AS_IF([test "$wt_found" = yes], [m4_toupper([$1])_LIBS="$6"])
  AC_SUBST(m4_toupper([$1])_LIBS)
  AC_SUBST(m4_toupper([$1])_CFLAGS)
])

# WT_OPTIONAL_PROGRAM(NAME, FOR, PACKAGE): a program; sets <NAME>, empty when
# there is none.
AC_DEFUN([WT_OPTIONAL_PROGRAM], [
  WT_OPTIONAL([$1], [$2], [$3], [
    AC_PATH_PROG(m4_toupper([$1]), [$1])
    AS_IF([test -n "$m4_toupper([$1])"], [wt_found=yes])
  ])
])
