"""axe-core over a full account's pages, in both themes, on a phone and at a desk."""

from pathlib import Path
from typing import Literal

import pytest

from tests.dashboard.test_accessibility import DESK, PHONE, chromium, violations
from tests.sample_life.lived_in import lived_in_node
from tests.screenshots import addresses

pytestmark = pytest.mark.system


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_no_page_of_a_full_account_shuts_anybody_out(
    tmp_path: Path, theme: Literal["light", "dark"], size: tuple[int, int]
) -> None:
    found: dict[str, list[str]] = {}
    async with lived_in_node(tmp_path, ["ada"]) as lived_in, chromium(theme, size) as page:
        async with lived_in.browser_of("ada") as browser:
            cookies = [(each.name, each.value or "") for each in browser.http.cookies.jar]
        await page.context.add_cookies(
            [{"name": name, "value": value, "url": lived_in.origin} for name, value in cookies]
        )
        for path in addresses().values():
            answer = await page.goto(lived_in.origin + path)
            assert answer is not None
            assert answer.status == (404 if path == "/nowhere" else 200), path
            found[path] = await violations(page)
    assert {path: lines for path, lines in found.items() if lines} == {}
