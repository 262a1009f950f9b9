"""Fixtures of the tests that start nodes in processes of their own."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path

import httpx
import pytest


@pytest.fixture
def big_folder() -> Iterator[Path]:
    """A folder that is deleted at once: pytest keeps its own for a while, and these grow large."""
    with tempfile.TemporaryDirectory(prefix="pubky-test-") as name:
        yield Path(name)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client that keeps no cookies; tests give it the base URL of their node."""
    async with httpx.AsyncClient(timeout=30) as made:
        made.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        yield made
