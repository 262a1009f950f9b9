"""The rules: who may do what, in which order, and what must become true together."""
