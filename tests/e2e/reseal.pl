#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Makes manifests that lie well: changes a document and seals it anew, as somebody would who can write
# to a sink.
#   reseal.pl seal FILE                    after its text was changed
#   reseal.pl eval FILE PERL               $m is the parsed document
#   reseal.pl entry FILE INDEX SINK PLAIN  entry number INDEX gets the bytes of the file PLAIN
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use JSON::PP;

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

sub sealed {
	my ($text) = @_;
	$text =~ s/,\s*"seal"\s*:\s*"[0-9a-f]*"\s*\}\s*\z//s or $text =~ s/\s*\}\s*\z//s
		or die "not an object\n";
	return $text . qq(,\n  "seal":") . sha256_hex($text) . qq("\n}\n);
}

# a manifest begins with its format
my $json = JSON::PP->new->utf8->allow_bignum->sort_by(sub {
	no warnings "once";
	my ($x, $y) = ($JSON::PP::a, $JSON::PP::b);
	return ($y eq "format") <=> ($x eq "format") || $x cmp $y;
});

sub edit {
	my ($file, $change) = @_;
	my $m = $json->decode(slurp($file));
	$change->($m);
	delete $m->{seal};
	spew($file, sealed($json->encode($m)));
}

sub filtered {
	my ($codec, $plain) = @_;
	my @tool = $codec =~ /^zstd/ ? ('zstd', '-q', '-c', $plain) : ('gzip', '-n', '-c', $plain);
	open(my $p, '-|:raw', @tool) or die "$tool[0]: $!\n";
	local $/;
	my $bytes = <$p> // '';
	close($p) or die "$tool[0] failed\n";
	return $bytes;
}

sub replace {
	my ($m, $index, $sink, $plain_file) = @_;
	my $e = $m->{entries}[$index];
	my $plain = slurp($plain_file);
	my $stored = $plain;
	for my $codec (@{ $e->{codecs} // [] }) {
		$stored = filtered($codec, $plain_file);
	}
	spew("$sink/$e->{parts}[0]{key}", $stored);
	$m->{plain_size} += length($plain) - $e->{plain}{size};
	$m->{stored_size} += length($stored) - $e->{stored}{size};
	$e->{plain} = { size => length($plain), sha256 => sha256_hex($plain) };
	$e->{stored} = { size => length($stored), sha256 => sha256_hex($stored) };
	$e->{parts} = [{ key => $e->{parts}[0]{key}, %{ $e->{stored} } }];
	delete $e->{facts};
}

my ($verb, $file, @rest) = @ARGV;
if ($verb eq 'seal') {
	spew($file, sealed(slurp($file)));
} elsif ($verb eq 'eval') {
	my $code = eval "sub { my (\$m) = \@_; $rest[0] }" or die $@;
	edit($file, $code);
} elsif ($verb eq 'entry') {
	edit($file, sub { replace($_[0], @rest) });
} else {
	die "no verb $verb\n";
}
