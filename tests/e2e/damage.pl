#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Damages files in every way, one at a time, runs a command each time, and puts the file back.
#   damage.pl flip|cut|grow EXPECTED STEP UNTOUCHED FILE... -- CMD...
# EXPECTED is the exit code, or "fail" for any but 0. UNTOUCHED must not come into being ("" for none).
# STEP: every so many bytes. What ends otherwise is named; then the exit code is 1.
use strict;
use warnings;

my ($how, $expected, $step, $untouched, @files) = @ARGV;
my @command;
while (@files) {
	my ($i) = grep { $files[$_] eq '--' } 0 .. $#files;
	die "no command\n" unless defined $i;
	@command = splice(@files, $i);
	shift @command;
	last;
}
my ($tries, $wrong) = (0, 0);

sub slurp {
	my ($name) = @_;
	open(my $f, '<:raw', $name) or die "$name: $!\n";
	local $/;
	return scalar <$f> // '';
}

sub spew {
	my ($name, $bytes) = @_;
	open(my $f, '>:raw', $name) or die "$name: $!\n";
	print $f $bytes;
	close($f) or die "$name: $!\n";
}

sub try {
	my ($what) = @_;
	my $pid = fork() // die "fork: $!\n";
	if (!$pid) {
		open(STDIN, '<', '/dev/null');
		open(STDOUT, '>', '/dev/null');
		open(STDERR, '>&', \*STDOUT);
		exec(@command) or exit(127);
	}
	waitpid($pid, 0);
	my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
	my $right = $expected eq 'fail' ? $code != 0 && $code < 126 : $code == $expected;
	$tries++;
	if ($untouched ne '' && (-e $untouched || -l $untouched)) {
		print "$what: $untouched was made (exit $code)\n";
		system('rm', '-rf', '--', $untouched);
		$wrong++;
	} elsif (!$right) {
		print "$what: exit $code, not $expected\n" if $wrong < 20;
		$wrong++;
	}
}

for my $file (@files) {
	my $good = slurp($file);
	for (my $i = 0; $i < length($good); $i += $step) {
		if ($how eq 'flip') {
			my $bad = $good;
			substr($bad, $i, 1) = chr(ord(substr($bad, $i, 1)) ^ (1 << ($i % 8)));
			spew($file, $bad);
			try("$file: byte $i flipped");
		} elsif ($how eq 'cut') {
			spew($file, substr($good, 0, $i));
			try("$file: cut to $i bytes");
		}
	}
	for my $tail ($how eq 'grow' ? ("\0", "\n", ' ', 'x', $good) : ()) {
		spew($file, $good . $tail);
		try("$file: " . length($tail) . ' bytes added');
	}
	spew($file, $good);
}
print "$tries tries, $wrong wrong\n";
exit($wrong ? 1 : 0);
