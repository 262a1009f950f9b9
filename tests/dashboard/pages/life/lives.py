"""A small life in both layouts, written as apps write it, and waiting for the index."""

import asyncio
import json
from collections.abc import Mapping

import httpx

from dashboard.kinds import ids
from dashboard.kinds.files import blob_path, build_file
from tests.dashboard.people import OWN_FORM, Browser, put_file
from tests.support.appliance import Person
from tests.support.eventually import PATIENCE_S

V0 = "/pub/pubky.app/"
V1 = "/pub/social/v1/"
PRIVATE = "/priv/social/v1/"
# 2025-06-01 00:00 UTC; a post every minute from then on.
BEGIN_US = 1_748_736_000_000_000
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)


def post_id(number: int) -> str:
    """The id of the post of a minute."""
    return ids.timestamp_id(BEGIN_US + number * 60_000_000)


async def put_json(person: Person, path: str, value: object) -> None:
    """Store an object as JSON."""
    await put_file(person, path, json.dumps(value).encode())


async def put_post(person: Person, number: int, content: str, **members: object) -> str:
    """A v0 post; its id."""
    body = {"content": content, "kind": "short", "parent": None, "embed": None, **members}
    await put_json(person, f"{V0}posts/{post_id(number)}", body)
    return post_id(number)


async def put_edit(
    person: Person, number: int, edit: int, content: str, root: str = V1, **members: object
) -> str:
    """An edit of a v1 post; its path."""
    path = f"{root}posts/{post_id(number)}/{post_id(edit)}.json"
    await put_json(person, path, {"content": content, "kind": "note", **members})
    return path


async def put_picture(person: Person, number: int, body: bytes = PIXEL) -> str:
    """A v0 pair of file and bytes; the address of the file."""
    built = build_file(
        person.z32, "garden.png", "image/png", len(body), blob_path(body), now_us=BEGIN_US + number
    )
    await put_file(person, blob_path(body), body)
    await put_file(person, *built)
    return f"pubky://{person.z32}{built.path}"


def address(person: Person, path: str) -> str:
    """The public address of an object."""
    return f"pubky://{person.z32}{path}"


async def send(
    browser: Browser,
    path: str,
    form: Mapping[str, str | list[str]],
    files: list[tuple[str, tuple[str, bytes, str]]] | None = None,
) -> httpx.Response:
    """Send a form with files, as a page of our own does."""
    return await browser.http.post(path, data=form, files=files or None, headers=OWN_FORM)


async def indexed(browser: Browser) -> None:
    """Return when the index has read everything."""
    async with asyncio.timeout(PATIENCE_S):
        while (await browser.get("/json/integrity")).json()["behind"]:  # noqa: ASYNC110 - over HTTP
            await asyncio.sleep(0.02)


async def stored(person: Person, path: str) -> dict[str, object]:
    """The members of a stored object."""
    response = await person.get(path)
    assert response.status_code == 200, path
    value = response.json()
    assert isinstance(value, dict)
    return value
