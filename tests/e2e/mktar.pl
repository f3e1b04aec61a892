#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Writes a tar that no tar program would: mktar.pl MEMBER... >FILE
#   file:NAME:CONTENT  dir:NAME  link:NAME:TARGET  hard:NAME:TARGET  chr:NAME  blk:NAME  fifo:NAME
#   pax:KEY=VALUE      for the next member
#   size:BYTES         the next member's header claims so many
#   cut                ends here, without the end-of-archive blocks
# Names may hold \xNN for any byte, colons too.
use strict;
use warnings;

binmode(STDOUT);
my %types = (file => '0', hard => '1', link => '2', chr => '3', blk => '4', dir => '5', fifo => '6');
my ($claimed, @pax);

sub bytes {
	my ($text) = @_;
	$text =~ s/\\x([0-9a-f]{2})/chr(hex($1))/gie;
	return $text;
}

sub header {
	my ($name, $type, $size, $target) = @_;
	my $mode = $type eq '5' ? 0755 : 0644;
	my $h = pack('a100 a8 a8 a8 a12 a12 A8 a1 a100 a6 a2 a32 a32 a8 a8 a155 x12',
		$name, sprintf('%07o', $mode), sprintf('%07o', 0), sprintf('%07o', 0),
		sprintf('%011o', $size), sprintf('%011o', 1_000_000_000), '', $type, $target,
		'ustar', '00', 'root', 'root', sprintf('%07o', 1), sprintf('%07o', 3), '');
	substr($h, 148, 8) = sprintf("%06o\0 ", unpack('%32C*', $h));
	return $h;
}

sub body {
	my ($content) = @_;
	return $content . "\0" x (-length($content) % 512);
}

sub pax_record {
	my ($pair) = @_;
	my $n = length($pair) + 2;
	$n++ while length($n) + length($pair) + 2 != $n;
	return "$n $pair\n";
}

my $cut = 0;
for my $member (@ARGV) {
	if ($member =~ /^pax:(.*)/s) {
		push @pax, bytes($1);
		next;
	}
	if ($member =~ /^size:(\d+)/) {
		$claimed = $1;
		next;
	}
	if ($member eq 'cut') {
		$cut = 1;
		last;
	}
	my ($kind, $name, $value) = split(/:/, $member, 3);
	die "no member $kind\n" unless defined $types{$kind};
	$name = bytes($name);
	$value = bytes($value // '');
	if (@pax) {
		my $records = join('', map { pax_record($_) } @pax);
		print header('PaxHeader', 'x', length($records), ''), body($records);
		@pax = ();
	}
	my $content = $kind eq 'file' ? $value : '';
	print header($name, $types{$kind}, $claimed // length($content),
		$kind =~ /^(link|hard)$/ ? $value : ''), body($content);
	$claimed = undef;
}
print "\0" x 1024 unless $cut;
