"""The server: folders are layers, imports point down, and `assembly` builds it all."""
