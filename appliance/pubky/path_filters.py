"""Which paths a subscriber asked for: single files and whole directories (client API 13.3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from appliance.pubky.paths import StoragePath


@dataclass(frozen=True, slots=True)
class PathFilter:
    """A union of files and directories; no file lies in one of the directories."""

    files: frozenset[str]
    directories: tuple[str, ...]

    @classmethod
    def of(cls, paths: Iterable[StoragePath]) -> Self:
        """The union of these paths; the root directory means everything."""
        texts = sorted({path.text for path in paths})
        directories: list[str] = []
        for text in texts:
            # In order, a directory stands before everything that it covers.
            if text.endswith("/") and not (directories and text.startswith(directories[-1])):
                directories.append(text)
        prefixes = tuple(directories)
        files = frozenset(
            text for text in texts if not text.endswith("/") and not text.startswith(prefixes)
        )
        return cls(files, prefixes)

    def matches(self, path: str) -> bool:
        """Whether the union holds this path of a file."""
        return path.startswith(self.directories) or path in self.files
