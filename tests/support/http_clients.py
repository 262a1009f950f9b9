"""Clients of a node that keep no cookies: the jar would mix the people of a test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookiejar import DefaultCookiePolicy

import httpx


@asynccontextmanager
async def cookieless_client(base_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that sends only the cookies it is handed."""
    async with httpx.AsyncClient(base_url=base_url, timeout=20) as client:
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        yield client
