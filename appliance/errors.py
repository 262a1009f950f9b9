"""The error codes of the whole program and its one exception class.

A code says what kind of refusal it is; `web.answers` is the only table from code to HTTP status.
Messages are part of the contract with existing clients and are pinned by tests.
"""

from typing import Literal

ErrorCode = Literal[
    "invalid",
    "unauthenticated",
    "forbidden",
    "not_found",
    "conflict",
    "precondition_failed",
    "too_large",
    "over_quota",
    "rate_limited",
    "unavailable",
    "internal",
]


class PubkyError(Exception):
    """A refusal with a code, a message for the client, and response headers if any."""

    def __init__(self, code: ErrorCode, message: str, **headers: str) -> None:
        super().__init__(message)
        self.code: ErrorCode = code
        self.message = message
        self.headers = headers


def invalid(message: str) -> PubkyError:
    """The error that parsers raise: what was sent cannot be understood."""
    return PubkyError("invalid", message)
