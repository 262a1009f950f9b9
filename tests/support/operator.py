"""An operator talking to the operator's API of a running node."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.support.appliance import Appliance


class OperatorClient:
    """Requests with one credential."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def get(self, path: str, **params: Any) -> Any:
        """The JSON of an answer that must be a success."""
        response = await self.http.get(path, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    async def post(self, path: str, wish: object = None) -> httpx.Response:
        """A POST with a JSON body if there is something to say."""
        return await self.http.post(path, json=wish) if wish else await self.http.post(path)


@asynccontextmanager
async def operator_of(
    appliance: Appliance, credential: str | None = None
) -> AsyncIterator[OperatorClient]:
    """An operator who uses the password, or this credential."""
    headers = {"x-admin-password": credential or appliance.admin_password}
    async with httpx.AsyncClient(base_url=appliance.admin_url, headers=headers, timeout=30) as http:
        yield OperatorClient(http)
