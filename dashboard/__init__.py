"""The owner pages."""
