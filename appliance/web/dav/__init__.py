"""WebDAV for the operator: every user's files as folders (RFC 4918, operator API 2.8)."""
