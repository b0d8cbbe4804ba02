# SPDX-License-Identifier: MIT
# Probes for one flag at a time. A flag is taken only when a program that uses
# it compiles and links without a single warning, so that a compiler which
# merely ignores it counts as one that lacks it.

# WT_TRY_FLAG(LIST, FLAG, [COMPANIONS], [IF-REFUSED])
# Appends FLAG to LIST when it works together with COMPANIONS.
AC_DEFUN([WT_TRY_FLAG], [
  AS_VAR_PUSHDEF([wt_cache], [wt_cv_flag_$2])
  AC_CACHE_CHECK([whether $CC accepts $2], [wt_cache], [
    wt_saved_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -Werror $3 $2"
    AC_LINK_IFELSE([AC_LANG_SOURCE([[
      #include <stdio.h>
      #include <string.h>

      int main(int argc, char **argv)
      {
        char text[64];

        memset(text, 0, sizeof text);
        return argc > 1 ? snprintf(text, sizeof text, "%s", argv[1]) : text[0];
      }
    ]])], [AS_VAR_SET([wt_cache], [yes])], [AS_VAR_SET([wt_cache], [no])])
    CFLAGS=$wt_saved_CFLAGS
  ])
  AS_VAR_IF([wt_cache], [yes],
    [AS_VAR_APPEND([$1], [" $2"])],
    [m4_default([$4], [AS_VAR_APPEND([wt_flags_refused], [" $2"])])])
  AS_VAR_POPDEF([wt_cache])
])

# WT_TRY_FLAGS(LIST, FLAGS, [COMPANIONS]): WT_TRY_FLAG for each word of FLAGS.
AC_DEFUN([WT_TRY_FLAGS], [
  m4_foreach_w([wt_flag], [$2], [WT_TRY_FLAG([$1], m4_defn([wt_flag]), [$3])])
])
