# SPDX-License-Identifier: MIT
# gdb loads what has the name of the library's file, and -gdb.py, under its
# auto-load folder. There is nothing for it where only the static library is.
EXTRA_DIST += gdb/libwt-gdb.py

wt_gdb_folder = $(datadir)/gdb/auto-load$(libdir)
wt_gdb_library = . ./libwt.la; set -- $$library_names; test -z "$$1" ||

install-data-local: libwt.la
	$(MKDIR_P) "$(DESTDIR)$(wt_gdb_folder)"
	@$(wt_gdb_library) $(INSTALL_DATA) $(srcdir)/gdb/libwt-gdb.py "$(DESTDIR)$(wt_gdb_folder)/$$1-gdb.py"

uninstall-local: libwt.la
	@$(wt_gdb_library) rm -f "$(DESTDIR)$(wt_gdb_folder)/$$1-gdb.py"
