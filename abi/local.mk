# SPDX-License-Identifier: MIT
# The binary interface as it was recorded last, for each kind of machine, and
# what of it programs may rely on. CONTRIBUTING.md has the rules.
EXTRA_DIST += \
	abi/constants-x86_64 \
	abi/growing \
	abi/libwt-x86_64.abi \
	scripts/check-abi

check-abi: libwt.la
	@$(MKDIR_P) abi
	@CC='$(CC)' $(call wt_tap,abi/check-abi,$(srcdir)/scripts/check-abi)

abi-record: libwt.la
	@CC='$(CC)' $(srcdir)/scripts/check-abi --record
.PHONY: check-abi abi-record
CLEANFILES += abi/check-abi.log abi/check-abi.trs
