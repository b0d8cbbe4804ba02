# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Read by the scripts that test something and print TAP. $dir is a folder that
# goes with the script: what was said there in the files `said`, `out` and
# `err` is shown when a test fails, and so is $status, where it is set.

dir=$(mktemp -d "${TMPDIR:-/tmp}/wt-tap.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
tap_n=0
tap_failed=0
status=

# The beginning of a file, which may be anything.
tap_show() {
	[ ! -e "$dir/$1" ] || head -c 4000 "$dir/$1" | tr -c '[:print:]\n\t' '?' | awk -v name="$1" '{ print "# " name ": " $0 }'
}

# The result of the test that is the arguments' name; the condition was just looked at.
verdict() {
	tap_result=$?
	tap_n=$((tap_n + 1))
	if [ $tap_result -eq 0 ]; then
		printf 'ok %d - %s\n' $tap_n "$*"
	else
		printf 'not ok %d - %s%s\n' $tap_n "$*" "${status:+ # status $status}"
		for tap_file in said out err; do tap_show $tap_file; done
		tap_failed=1
	fi
}

# A test that cannot be made here.
skipped() {
	tap_n=$((tap_n + 1))
	printf 'ok %d - %s # SKIP %s\n' $tap_n "$1" "$2"
}

tap_end() {
	echo "1..$tap_n"
	exit $tap_failed
}
