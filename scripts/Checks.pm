# SPDX-License-Identifier: MIT
#
# What the Perl scripts of this folder share: whole files, and lists of checks
# that print TAP. tap.sh is the like of it for the shell. A system may have no
# more of Perl than Debian's perl-base, which has no FindBin.
package Checks;

use strict;
use warnings;
use Exporter qw(import);

our @EXPORT_OK = qw(slurp has_program run_checks);

sub slurp {
	my ($file) = @_;
	open(my $in, '<', $file) or die "$file: $!\n";
	local $/;
	return <$in>;
}

sub has_program {
	my ($name) = @_;
	return grep { -x "$_/$name" } split /:/, $ENV{PATH};
}

# Each is a title and a function that returns what is wrong, a line each, or alone "SKIP" and why. The script's status.
sub run_checks {
	my @checks = @_;
	my $failed = 0;
	printf "1..%d\n", scalar @checks;
	for my $i (0 .. $#checks) {
		my ($title, $check) = @{ $checks[$i] };
		my @bad = $check->();
		if (@bad && $bad[0] =~ /^SKIP (.*)/) {
			printf "ok %d - %s # SKIP %s\n", $i + 1, $title, $1;
			next;
		}
		printf "%s %d - %s\n", @bad ? 'not ok' : 'ok', $i + 1, $title;
		print "# $_\n" for @bad;
		$failed = 1 if @bad;
	}
	return $failed;
}

1;
