"""A node on which somebody keeps 123,000 files; prints how to look around its dashboard."""

import asyncio
import json
import tempfile
from pathlib import Path

from tests.sample_life.lived_in import lived_in_node


async def serve() -> None:
    """Until the process is ended."""
    with tempfile.TemporaryDirectory() as data:
        async with lived_in_node(Path(data), ("flood",)) as lived_in:
            async with lived_in.browser_of("flood") as browser:
                # The index for the search would compete with the pages for the processor.
                while (await browser.get("/json/integrity")).json()["behind"]:  # noqa: ASYNC110 - by HTTP
                    await asyncio.sleep(1)
                cookies = {each.name: each.value for each in browser.http.cookies.jar}
            print(json.dumps({"origin": lived_in.origin, "cookies": cookies}), flush=True)
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
