"""The operator's API: the official routes, and what our own dashboard and tools need beside."""
