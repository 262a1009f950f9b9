"""One's own tags of one label, the latest first, found by the index."""

from dashboard.addresses import OwnPath
from dashboard.doors.own import Query
from dashboard.doors.own_facts import Child
from dashboard.kinds.tags import Tag
from dashboard.life.counting import TREES
from dashboard.life.reading import Life, Stored, each, find

FOLDERS = tuple(OwnPath(f"{TREES[tree].text}tags/") for tree in ("v0", "v1"))


async def tags_labelled(life: Life, label: str, most: int) -> list[tuple[Child, Stored]]:
    """At most so many of each layout, as far as the index has come. Raises `DoorError`."""
    items = [item for folder in FOLDERS for item in await _candidates(life, folder, label, most)]
    found = await each(lambda item: find(life, item.path), items)
    return [
        (item, stored)
        for item, stored in zip(items, found, strict=True)
        if stored is not None
        and isinstance(stored.parsed.value, Tag)
        and stored.parsed.value.label == label
    ]


async def _candidates(life: Life, folder: OwnPath, label: str, most: int) -> list[Child]:
    if not any(character.isalnum() for character in label):
        # The index knows words only; a label like 🔥 is looked for among the latest tags.
        page = await life.door.own.folder(folder, most, 0, "modified", descending=True)
        return [item for item in page.items if not item.path.is_folder]
    query: Query = {"q": label, "folder": folder.text, "sort": "newest", "limit": most}
    hits = (await life.door.own.search(query)).items
    return [Child(hit.path, 1, hit.byte_count, hit.modified_at, None, None) for hit in hits]
