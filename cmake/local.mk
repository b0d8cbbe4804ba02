# SPDX-License-Identifier: MIT
# find_package(wt). Made by make, not by configure, which does not know where
# libdir and includedir will be.
cmakedir = $(libdir)/cmake/wt
nodist_cmake_DATA = cmake/wtConfig.cmake cmake/wtConfigVersion.cmake
EXTRA_DIST += $(nodist_cmake_DATA:=.in)
CLEANFILES += $(nodist_cmake_DATA)

$(nodist_cmake_DATA): %: %.in Makefile
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)sed \
		-e 's|@libdir[@]|$(libdir)|' \
		-e 's|@includedir[@]|$(includedir)|' \
		-e 's|@PACKAGE_VERSION[@]|$(PACKAGE_VERSION)|' \
		-e 's|@WT_JEMALLOC_LIBS[@]|$(WT_JEMALLOC_LIBS)|' \
		-e 's|@WT_JEMALLOC_PRIVATE_LIBS[@]|$(WT_JEMALLOC_PRIVATE_LIBS)|' \
		-e 's|@WT_SIZEOF_VOID_P[@]|$(WT_SIZEOF_VOID_P)|' \
		$(srcdir)/$@.in >$@
