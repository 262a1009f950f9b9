"""A mailbox two parties reach over HTTP when they cannot reach each other."""
