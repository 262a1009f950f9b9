"""Every parser of a stranger's bytes, fed with whatever a fuzzer thinks of."""
