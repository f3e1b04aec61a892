# SPDX-License-Identifier: MIT
# Cuts the examples out of a POD page into files that a shell can walk through:
#   OUT/001.run  OUT/002.file ...   the text of a verbatim block, unindented
#   OUT/001.arg                     what stood behind the word
# `=for test WORD ARG` marks the next verbatim block; =begin test / =end test
# holds shell that no reader sees. A block with an INI header that is not marked
# becomes a WORD "job" all the same.
function flush_block(   name) {
	if (block == "")
		return
	if (word == "" && block ~ /^(;[^\n]*\n)*\[(job|source|compressor|sink|post)[^\n]*\]/)
		word = "job"
	if (word != "") {
		name = sprintf("%s/%03d", out, ++count)
		printf "%s", block >(name "." word)
		print arg >(name ".arg")
		close(name "." word)
		close(name ".arg")
	}
	block = word = arg = ""
	blanks = ""
}
/^=begin test/ { flush_block(); hidden = 1; word = "run"; next }
/^=end test/   { flush_block(); hidden = 0; next }
hidden         { block = block $0 "\n"; next }
/^=/ {
	flush_block()
	if ($1 == "=for" && $2 == "test") {
		word = $3
		arg = $4
	}
	next
}
# a verbatim paragraph goes on over blank lines
/^[ \t]/       { block = block blanks substr($0, 3) "\n"; blanks = ""; next }
/^$/           { if (block != "") blanks = blanks "\n"; next }
               { flush_block() }
END            { flush_block() }
