"""How objects are written: bounded JSON, their members, addresses of the web, moments, bytes."""
