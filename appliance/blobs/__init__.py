"""Every stored byte: written once, read by id, deleted some time after no row points at it."""
