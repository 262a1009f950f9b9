"""axe-core over the pages of an operator's look, for the operator and for the person."""

from typing import Literal

import httpx
import pytest

from tests.dashboard.people import Browser, Owner, put_file
from tests.dashboard.test_accessibility import DESK, PHONE, chromium, violations
from tests.support.appliance import Appliance, Person

pytestmark = pytest.mark.system


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_a_look_shuts_nobody_out(
    owner: Owner,
    home: Browser,
    alice: Person,
    appliance: Appliance,
    theme: Literal["light", "dark"],
    size: tuple[int, int],
) -> None:
    await put_file(alice, "/priv/notes/diary", b"secret")
    top = f"/users/{alice.z32}/break-glass"
    found: dict[str, list[str]] = {}

    async def judge(http: httpx.AsyncClient, *paths: str) -> None:
        async with chromium(theme, size) as page:
            await page.context.add_cookies(
                [
                    {"name": each.name, "value": each.value or "", "url": appliance.dashboard_url}
                    for each in http.cookies.jar
                ]
            )
            for path in paths:
                answer = await page.goto(appliance.dashboard_url + path)
                assert answer is not None
                assert answer.status == 200, path
                found[f"{path} {len(found)}"] = await violations(page)

    await judge(home.http, "/announcements")
    await judge(owner.http, top)
    await owner.admin.looks.open(alice.z32, "The police asked for this.", "")
    await judge(
        owner.http,
        top,
        f"{top}/files/",
        f"{top}/files/priv/notes/",
        f"{top}/files/pub/nothing/",
        "/audit?contains=nothing",
        "/users?state=suspended",
        f"/users/{alice.z32}",
    )
    await judge(home.http, "/announcements")
    assert {path: lines for path, lines in found.items() if lines} == {}
