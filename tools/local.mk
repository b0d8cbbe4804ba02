# SPDX-License-Identifier: MIT
# Programs for bpftrace on the probes of the library that is installed beside
# them: made by make, not by configure, which does not know where libdir will be.
bpftracedir = $(pkglibdir)/bpftrace
nodist_bpftrace_SCRIPTS =
if HAVE_PROBES
nodist_bpftrace_SCRIPTS += $(wt_bpftrace)
endif
wt_bpftrace = tools/bpftrace/message_latency.bt tools/bpftrace/wakeups.bt
EXTRA_DIST += $(wt_bpftrace:=.in)
CLEANFILES += $(wt_bpftrace)

$(wt_bpftrace): %: %.in Makefile
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)sed -e 's|@libwt[@]|$(libdir)/libwt.so.0|' $(srcdir)/$@.in >$@
