"""A DHT of many nodes in one process, in virtual time: `python -m tests.simulator --help`."""
