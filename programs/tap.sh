# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Read by the scripts that check programs: they run programs of this folder,
# built below the present one, and print TAP. What a program printed is in
# $dir/out and $dir/err, its status in $status.

dir=$(mktemp -d "${TMPDIR:-/tmp}/wt-programs.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
tap_build=$PWD
tap_n=0
tap_failed=0
status=0
: >"$dir/out"
: >"$dir/err"

# The beginning of a file that a program has written, which may be anything.
tap_show() {
	[ ! -e "$2" ] || head -c 4000 "$2" | tr -c '[:print:]\n\t' '?' | awk -v name="$1" '{ print "# " name ": " $0 }'
}

# The result of the test that is the arguments' name; the condition was just looked at.
verdict() {
	tap_result=$?
	tap_n=$((tap_n + 1))
	if [ $tap_result -eq 0 ]; then
		printf 'ok %d - %s\n' $tap_n "$*"
	else
		printf 'not ok %d - %s # status %s\n' $tap_n "$*" "$status"
		tap_show stdout "$dir/out"
		tap_show stderr "$dir/err"
		tap_failed=1
	fi
}

# Standard input is the file $dir/in, if there is one. The programs are in $tap_folder, or in programs/.
run() {
	tap_program=$1
	shift
	[ -e "$dir/in" ] || : >"$dir/in"
	timeout 120 "${tap_folder:-programs}/$tap_program" "$@" >"$dir/out" 2>"$dir/err" <"$dir/in"
	status=$?
}

# Whether the last one refused its arguments: status 2, nothing on stdout, and this text on stderr.
refused() {
	[ $status -eq 2 ] && [ ! -s "$dir/out" ] && grep -qF -- "$1" "$dir/err"
}

# Whether the program, waiting for bytes from the pipe $dir/pipe, has something harmless in the place of a
# standard error that it was not given: what it opens next would get that descriptor, and its messages.
reserves_stderr() {
	# The shell that runs libtool's script would have the script itself there.
	tap_program=${1%/*}/.libs/${1##*/}
	[ -x "$tap_program" ] || tap_program=$1
	shift
	mkfifo "$dir/pipe"
	LD_LIBRARY_PATH=$tap_build/.libs "$tap_program" "$@" <>"$dir/pipe" >"$dir/out" 2>&- &
	tap_pid=$!
	tap_tries=0
	until [ "$(readlink /proc/$tap_pid/fd/2)" = /dev/null ] || [ $tap_tries -ge 200 ]; do
		sleep 0.05
		tap_tries=$((tap_tries + 1))
	done
	kill $tap_pid
	wait $tap_pid 2>/dev/null
	rm "$dir/pipe"
	[ $tap_tries -lt 200 ]
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
