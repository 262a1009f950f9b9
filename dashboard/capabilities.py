"""Capabilities in plain words, and what they cover."""

from dataclasses import dataclass
from typing import Literal

Reach = Literal["everything", "private", "public", "unknown"]
Right = Literal["none", "read", "write"]

_TREES = {"/pub/": "public", "/priv/": "private"}
_ACTIONS = {"r": "read", "w": "write", "rw": "read and change", "wr": "read and change"}


@dataclass(frozen=True, slots=True)
class Capability:
    """One entry of a list. `words` say it; `reach` how far it goes."""

    scope: str
    actions: str
    words: str
    reach: Reach

    def right_to(self, folder: str) -> Right:
        """What it allows in a folder: "write" includes what is only for writing."""
        covers = self.scope.endswith("/") and folder.startswith(self.scope)
        is_inside = self.scope.startswith(folder)
        if not (covers or is_inside):
            return "none"
        if "w" in self.actions:
            return "write"
        return "read" if "r" in self.actions else "none"


def parse_list(text: str) -> tuple[Capability, ...]:
    """The entries of a list as it was signed; those that cannot be read are shown as they are."""
    return tuple(_entry(entry) for entry in text.split(",") if entry)


def right_to(capabilities: tuple[Capability, ...], folder: str) -> Right:
    """The most that any of them allows in a folder."""
    rights = {each.right_to(folder) for each in capabilities}
    return "write" if "write" in rights else "read" if "read" in rights else "none"


def _entry(entry: str) -> Capability:
    scope, colon, actions = entry.rpartition(":")
    verb = _ACTIONS.get(actions)
    if not colon or verb is None or not scope.startswith("/"):
        return Capability(scope, actions, f"something this page does not know: {entry}", "unknown")
    if scope == "/":
        words = (
            "everything: read and change all files, public and private, and manage other apps"
            if "w" in actions and "r" in actions
            else f"{verb} all files, public and private"
        )
        return Capability(scope, actions, words, "everything")
    tree = next((tree for tree in _TREES if scope.startswith(tree)), None)
    if tree is None:
        return Capability(scope, actions, f"{verb} {scope}", "unknown")
    return Capability(scope, actions, f"{verb} {_place(scope, tree)}", _reach(tree))


def _reach(tree: str) -> Reach:
    return "private" if tree == "/priv/" else "public"


def _place(scope: str, tree: str) -> str:
    word, rest = _TREES[tree], scope.removeprefix(tree)
    if not rest:
        return f"all your {word} files"
    if not rest.endswith("/"):
        return f"the one {word} file {rest}"
    app = rest.removesuffix("/")
    return f"your {word} {app} data" if "/" not in app else f"the {word} folder {app}"
