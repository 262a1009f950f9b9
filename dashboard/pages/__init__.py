"""One file a page family: `index` shows; what changes something is a POST that redirects."""
