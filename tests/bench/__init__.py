"""This machine's figures, as ratios measured in one run: `python -m tests.bench --help`."""
