# SPDX-License-Identifier: MIT

# WT_HARDENING: what the product is built with to make a memory bug harder to
# exploit. Sets
#   WT_HARDENING_CFLAGS    for every object
#   WT_HARDENING_LDFLAGS   for the library and the programs
#   WT_SHARED_LDFLAGS      for the shared library alone
#   WT_PIE_CFLAGS, WT_PIE_LDFLAGS   for the programs
# Call it after WT_SANITIZER: zeroed variables hide uninitialised reads,
# FORTIFY hides calls from the interceptors, and an instrumented library has
# undefined symbols until the program brings the run-time, so a sanitizer
# build goes without these three.
AC_DEFUN([WT_HARDENING], [
  AC_REQUIRE([AC_PROG_CC])
  WT_HARDENING_CFLAGS=
  WT_HARDENING_LDFLAGS=
  WT_SHARED_LDFLAGS=

  WT_TRY_FLAGS([WT_HARDENING_CFLAGS], [
    -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
    -fno-plt -fno-delete-null-pointer-checks -fno-strict-overflow
  ])
  WT_TRY_FLAGS([WT_HARDENING_LDFLAGS],
    [-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack])
  WT_TRY_FLAG([WT_SHARED_LDFLAGS], [-Wl,-z,nodelete], [-shared -fPIC])

  AS_IF([test "$wt_sanitizer" = none], [
    WT_TRY_FLAG([WT_HARDENING_CFLAGS], [-ftrivial-auto-var-init=zero])
    # Level 3 needs gcc 12 and glibc 2.35. Either needs the optimiser: with
    # CFLAGS=-O0 the C library warns, and the probe refuses.
    WT_TRY_FLAG([WT_HARDENING_CFLAGS], [-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3], [],
      [WT_TRY_FLAG([WT_HARDENING_CFLAGS], [-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2])])
    WT_TRY_FLAG([WT_SHARED_LDFLAGS], [-Wl,-z,defs], [-shared -fPIC])
  ])

  WT_PIE
  AC_SUBST([WT_HARDENING_CFLAGS])
  AC_SUBST([WT_HARDENING_LDFLAGS])
  AC_SUBST([WT_SHARED_LDFLAGS])
])

# WT_PIE: position-independent programs, where the compiler does not make them
# by itself.
AC_DEFUN([WT_PIE], [
  WT_PIE_CFLAGS=
  WT_PIE_LDFLAGS=
  AC_CACHE_CHECK([whether $CC makes position-independent programs], [wt_cv_pie], [
    AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
      #ifndef __PIE__
      #error "not by default"
      #endif
      int not_empty;
    ]])], [wt_cv_pie=yes], [wt_cv_pie=no])
  ])
  AS_IF([test "$wt_cv_pie" = no], [
    WT_TRY_FLAG([WT_PIE_CFLAGS], [-fPIE], [-pie])
    WT_TRY_FLAG([WT_PIE_LDFLAGS], [-pie], [-fPIE])
  ])
  AC_SUBST([WT_PIE_CFLAGS])
  AC_SUBST([WT_PIE_LDFLAGS])
])

# WT_VISIBILITY: hidden by default, and the version script as the list of what
# is exported. Sets WT_VISIBILITY_CFLAGS and the conditional HAVE_VERSION_SCRIPT.
AC_DEFUN([WT_VISIBILITY], [
  WT_VISIBILITY_CFLAGS=
  WT_TRY_FLAG([WT_VISIBILITY_CFLAGS], [-fvisibility=hidden])
  AC_SUBST([WT_VISIBILITY_CFLAGS])

  AC_CACHE_CHECK([whether the linker takes a version script], [wt_cv_version_script], [
    echo 'PROBE_0 { global: probe; local: *; };' >conftest.map
    wt_saved_LDFLAGS=$LDFLAGS
    LDFLAGS="$LDFLAGS -shared -fPIC -Wl,--version-script=conftest.map"
    AC_LINK_IFELSE([AC_LANG_SOURCE([[int probe(void); int probe(void) { return 0; }]])],
      [wt_cv_version_script=yes], [wt_cv_version_script=no])
    LDFLAGS=$wt_saved_LDFLAGS
    rm -f conftest.map
  ])
  AM_CONDITIONAL([HAVE_VERSION_SCRIPT], [test "$wt_cv_version_script" = yes])
])
