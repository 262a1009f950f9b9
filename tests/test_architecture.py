"""The layers of the house: imports point down, and each outside library has its rooms.

The tables below are the rule; the picture in `docs/decisions.md` is their drawing.
"""

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Higher numbers may import lower ones and their own folder. Folders on one level are strangers.
LEVELS = {
    "appliance.version": 0,
    "appliance.errors": 0,
    "appliance.clock": 0,
    "appliance.config": 0,
    "appliance.background": 0,
    "appliance.logs": 0,
    "appliance.service_manager": 0,
    "appliance.metrics": 0,
    "appliance.pubky": 1,
    "appliance.metadata": 2,
    "appliance.blobs": 2,
    "appliance.mainline": 2,
    "appliance.pubky_tls": 2,
    "appliance.http_relay": 2,
    "appliance.homeserver": 3,
    "appliance.pkarr": 3,
    "appliance.web": 4,
    "appliance.data_folder": 4,
    "appliance.assembly": 5,
    "appliance.backup": 5,
    "appliance.testnet": 6,
    "appliance.cli": 7,
    "appliance.__main__": 8,
    "appliance": 0,
    "dashboard": 0,
}

# What level 0 and the pure words may use of our own; everything else follows from the levels.
NARROW = {
    "appliance.errors": set[str](),
    "appliance.clock": set[str](),
    "appliance.config": {"appliance.errors"},
    "appliance.background": {"appliance.errors"},
    "appliance.logs": set[str](),
    "appliance.service_manager": set[str](),
    "appliance.metrics": set[str](),
    "appliance.pubky": {"appliance.errors"},
}

# The only rooms in which an outside module may appear.
FENCES = {
    "quart": ["appliance/web/", "dashboard/"],
    "werkzeug": ["appliance/web/", "dashboard/"],
    "hypercorn": ["appliance/web/listeners.py"],
    "h11": ["appliance/web/listeners.py"],
    "sqlite3": ["appliance/metadata/", "dashboard/sign_in/"],
    "aiosqlite": ["appliance/metadata/", "dashboard/sign_in/"],
    "httpx": ["dashboard/doors/", "dashboard/raw.py", "appliance/pkarr/"],
    "jinja2": ["dashboard/"],
    "click": ["appliance/cli/"],
    "segno": ["appliance/cli/", "dashboard/"],
    "prometheus_client": ["appliance/metrics/exposition.py"],
    "blake3": [
        "appliance/pubky/content_hash.py",
        "appliance/blobs/",
        "appliance/backup/checking.py",
        "dashboard/kinds/ids.py",
        "dashboard/archive/",
        "dashboard/jobs/checking.py",
    ],
    "zipfile": ["dashboard/archive/"],
    "nacl": [
        "appliance/pubky/",
        "appliance/pubky_tls/",
        # The DHT node can be lifted out, so it checks signatures by itself.
        "appliance/mainline/items.py",
        "appliance/homeserver/admin_access.py",
    ],
    "time": ["appliance/clock.py", "dashboard/clock.py"],
}

# Calls that start work nobody waits for, or read the clock behind everyone's back.
FENCED_CALLS = {
    # The DHT's shell is liftable too; its one task lives and ends with a task group.
    "create_task": ["appliance/background.py", "appliance/mainline/entrances.py"],
    "ensure_future": ["appliance/blobs/files.py"],
    "utcnow": list[str](),
    "now": list[str](),
    "today": list[str](),
}

SQL_WORDS = ("SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "CREATE TABLE ", "PRAGMA ")
SQL_ROOMS = ["appliance/metadata/", "dashboard/sign_in/"]


def sources() -> list[Path]:
    """Every module of the two packages."""
    folders = (ROOT / "appliance", ROOT / "dashboard")
    return sorted(itertools.chain.from_iterable(folder.rglob("*.py") for folder in folders))


def name_of(path: Path) -> str:
    """The dotted name of a module's file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room_of(module: str) -> str:
    """The row of `LEVELS` that a module belongs to."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        room = ".".join(parts[:length])
        if room in LEVELS:
            if room == "appliance" and length < len(parts):
                break
            return room
    raise AssertionError(f"{module} is in no room: add it to LEVELS")


def imports_of(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The absolute names that a module imports, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            module = node.module or ""
            for alias in node.names:
                inner = ROOT.joinpath(*module.split("."), alias.name)
                is_module = inner.is_dir() or inner.with_suffix(".py").exists()
                yield f"{module}.{alias.name}" if is_module else module, node.lineno


def is_in(path: Path, rooms: list[str]) -> bool:
    """Whether a file is one of these, or lies in one of these folders."""
    text = path.relative_to(ROOT).as_posix()
    return any(text == room or (room.endswith("/") and text.startswith(room)) for room in rooms)


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_imports_point_down(path: Path) -> None:
    """A module imports from its own folder or from a lower level."""
    module = name_of(path)
    room = room_of(module)
    for imported, line in imports_of(ast.parse(path.read_text())):
        top = imported.split(".")[0]
        if top not in ("appliance", "dashboard"):
            continue
        other = room_of(imported)
        where = f"{path.relative_to(ROOT)}:{line}: {module} imports {imported}"
        if room == "dashboard":
            assert other == "dashboard", f"{where}: the dashboard speaks HTTP only"
        elif other == "dashboard":
            assert room == "appliance.cli", f"{where}: only the command line knows both"
        elif other != room:
            assert LEVELS[other] < LEVELS[room], f"{where}: imports point down"
            if room in NARROW:
                assert other in NARROW[room], f"{where}: this room is narrow"


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_outside_libraries_stay_in_their_rooms(path: Path) -> None:
    """Replacing a library touches the rooms named here and no other."""
    for imported, line in imports_of(ast.parse(path.read_text())):
        rooms = FENCES.get(imported.split(".")[0])
        if rooms is not None:
            where = f"{path.relative_to(ROOT)}:{line}"
            assert is_in(path, rooms), f"{where}: {imported} belongs in {rooms}"


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_fenced_calls_stay_in_their_rooms(path: Path) -> None:
    """Tasks are started, and the clock is read, only where the house says."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            rooms = FENCED_CALLS.get(node.func.attr)
            if rooms is not None:
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                assert is_in(path, rooms), f"{where}: {node.func.attr}() belongs in {rooms}"


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_sql_lives_in_one_folder(path: Path) -> None:
    """No statement hides in a rule or a handler."""
    if is_in(path, SQL_ROOMS):
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            where = f"{path.relative_to(ROOT)}:{node.lineno}"
            assert not node.value.lstrip().startswith(SQL_WORDS), f"{where}: SQL outside metadata"


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_no_file_is_longer_than_a_screenful_of_screens(path: Path) -> None:
    """A file that reaches 400 lines is split by noun."""
    assert len(path.read_text().splitlines()) <= 400


def test_every_folder_says_what_lives_in_it() -> None:
    """Each folder of the house has a README."""
    folders = [ROOT / "dashboard", ROOT / "appliance"]
    folders += [path for path in (ROOT / "appliance").iterdir() if (path / "__init__.py").exists()]
    folders += [path for name in ("ansible", "nix") if (path := ROOT / name).exists()]
    missing = [folder.name for folder in folders if not (folder / "README.md").exists()]
    assert missing == []
