# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Read by the scripts that check programs: they run programs of this folder,
# built below the present one, and print TAP. What a program printed is in
# $dir/out and $dir/err, its status in $status.

. "$(dirname "$0")/../scripts/tap.sh"
tap_build=$PWD
: >"$dir/out"
: >"$dir/err"

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
