"""HTTP in, HTTP out; one file a resource; the fast lane for public reads."""
