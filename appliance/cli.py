"""Placeholder entry replaced in this change set."""


def main() -> None:
    """Entry point."""
