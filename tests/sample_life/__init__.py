"""Six people's lives on one node, made from one seed: sample data for tests and for `make demo`."""
