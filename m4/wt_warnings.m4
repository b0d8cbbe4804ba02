# SPDX-License-Identifier: MIT

# WT_WARNINGS: sets WT_WARNING_CFLAGS.
AC_DEFUN([WT_WARNINGS], [
  AC_REQUIRE([AC_PROG_CC])
  WT_WARNING_CFLAGS=
  WT_TRY_FLAGS([WT_WARNING_CFLAGS], [
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow
    -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
  ])
  WT_TRY_FLAG([WT_WARNING_CFLAGS], [-Werror=format-security], [-Wformat=2])
  AC_SUBST([WT_WARNING_CFLAGS])
])
