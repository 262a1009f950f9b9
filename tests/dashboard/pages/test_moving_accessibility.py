"""axe-core over the pages of exports, imports and jobs, in each of their states."""

from pathlib import Path
from typing import Literal

import pytest

from tests.dashboard.pages.test_importing import finished, upload
from tests.dashboard.people import Browser, connect, put_file
from tests.dashboard.test_accessibility import DESK, PHONE, chromium, violations
from tests.support.appliance import Appliance, Person
from tests.support.archives import foreign_archive, write_archive

pytestmark = pytest.mark.system


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_moving_files_shuts_nobody_out(
    browser: Browser,
    alice: Person,
    appliance: Appliance,
    tmp_path: Path,
    theme: Literal["light", "dark"],
    size: tuple[int, int],
) -> None:
    await browser.sign_in(alice)
    await connect(browser, alice, "read")
    await put_file(alice, "/priv/other", b"mine")
    await browser.post("/export/private", {"part": "everything"})
    bad = await finished(browser, await upload(browser, _bad(tmp_path)))
    files = {"/pub/new": b"1" * 2000, "/priv/other": b"theirs"}
    good = await finished(browser, await upload(browser, write_archive(tmp_path / "b.zip", files)))
    exported = (await browser.get("/json/jobs")).json()["jobs"][-1]["id"]
    paths = (
        "/exit",
        "/exit/leave",
        "/jobs",
        f"/jobs/{exported}",
        f"/jobs/{bad['job']['id']}",
        f"/jobs/{good['job']['id']}",
        "/export",
        "/export?part=folder&folder=/pub/nothing/",
        "/export/private?part=everything&rename=1&since=2001-01-01",
        "/import",
        f"/import/{good['job']['id']}",
    )
    found: dict[str, list[str]] = {}
    async with chromium(theme, size) as page:
        await page.context.add_cookies(
            [
                {"name": each.name, "value": each.value or "", "url": appliance.dashboard_url}
                for each in browser.http.cookies.jar
            ]
        )
        for path in paths:
            answer = await page.goto(appliance.dashboard_url + path)
            assert answer is not None
            assert answer.status == 200, path
            found[path] = await violations(page)
    assert {path: lines for path, lines in found.items() if lines} == {}


def _bad(folder: Path) -> Path:
    return foreign_archive(folder / "a.zip", {"../../x": b"2"})
