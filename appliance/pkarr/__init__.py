"""Signed packets found, published and kept alive."""
