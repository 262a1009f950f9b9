"""axe-core over the pages of files as they were, in each of their states."""

from typing import Literal

import pytest

from tests.dashboard.pages.own.test_then import lived, this_moment
from tests.dashboard.people import Browser, put_file
from tests.dashboard.test_accessibility import DESK, PHONE, chromium, violations
from tests.support.appliance import Appliance, Person

pytestmark = pytest.mark.system


@pytest.mark.parametrize(("theme", "size"), [("light", DESK), ("dark", PHONE)])
async def test_looking_back_shuts_nobody_out(
    home: Browser,
    alice: Person,
    appliance: Appliance,
    theme: Literal["light", "dark"],
    size: tuple[int, int],
) -> None:
    at = await lived(alice)
    await put_file(alice, "/pub/gone", b"1")
    later = this_moment()
    addresses = {
        f"/own/then?at={at}": 200,
        f"/own/then/pub/n/?at={at}": 200,
        f"/own/then/priv/?at={at}": 200,
        f"/own/then/pub/n/changed.txt?at={at}": 200,
        f"/own/then/pub/n/kept.txt?at={later}": 200,
        f"/own/then/pub/n/new.txt?at={at}": 404,
        f"/own/then-back/pub/n/?at={at}": 200,
        f"/own/then-back/pub/n/?at={later}": 200,
        "/files/pub/?view=all": 200,
        "/files/pub/?view=all&name=nothing": 200,
    }
    found: dict[str, list[str]] = {}
    async with chromium(theme, size) as page:
        await page.context.add_cookies(
            [
                {"name": each.name, "value": each.value or "", "url": appliance.dashboard_url}
                for each in home.http.cookies.jar
            ]
        )
        for path, status in addresses.items():
            answer = await page.goto(appliance.dashboard_url + path)
            assert answer is not None
            assert answer.status == status, path
            found[path] = await violations(page)
    assert {path: lines for path, lines in found.items() if lines} == {}
