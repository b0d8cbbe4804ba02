# SPDX-License-Identifier: MIT
# The binary interface as it was recorded last, for each kind of machine, and
# what of it programs may rely on. CONTRIBUTING.md has the rules.
EXTRA_DIST += \
	abi/constants-x86_64 \
	abi/growing \
	abi/libwt-x86_64.abi \
	abi/public \
	scripts/check-abi

check-abi: libwt.la
	@$(MKDIR_P) abi
	@CC='$(CC)' $(wt_tap_driver) --test-name scripts/check-abi --log-file abi/check-abi.log \
		--trs-file abi/check-abi.trs --color-tests no --enable-hard-errors yes --expect-failure no -- \
		$(srcdir)/scripts/check-abi
	@grep -q '^:global-test-result: PASS' abi/check-abi.trs || { cat abi/check-abi.log; exit 1; }

abi-record: libwt.la
	@CC='$(CC)' $(srcdir)/scripts/check-abi --record
.PHONY: check-abi abi-record
CLEANFILES += abi/check-abi.log abi/check-abi.trs
