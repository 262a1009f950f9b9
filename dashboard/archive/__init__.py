"""A person's files as one ZIP file: written while it streams, read without trust."""
