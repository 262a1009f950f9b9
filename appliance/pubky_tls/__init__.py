"""TLS 1.3 where the certificate is the server's own public key (RFC 8446, RFC 7250)."""
