"""What is written beside a copy: whose it is, when it was made, how much is in it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from appliance.errors import invalid
from appliance.metadata.copies import Counts
from appliance.pubky.keys import PublicKey

MANIFEST_FILE = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """`database` is the file of the rows in the copy, `blobs` the folder of the bytes at home."""

    version: str
    public_key: str
    made_at: str
    database: str
    blobs: str
    counts: Counts

    def write(self, folder: Path) -> None:
        """Put it beside the copy; raises OSError."""
        file = folder / MANIFEST_FILE
        file.write_text(json.dumps({"format": FORMAT} | asdict(self), indent=2) + "\n", "utf-8")
        file.chmod(0o600)


def read_manifest(folder: Path) -> Manifest:
    """What is written beside a copy; raises PubkyError `invalid`, with the reason."""
    try:
        said = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
        if said["format"] != FORMAT:
            raise invalid(f"{MANIFEST_FILE} has format {said['format']}, of another version")
        counts = Counts(*(_number(said["counts"][name]) for name in Counts.__slots__))
        texts = {
            name: _text(said[name])
            for name in ("version", "public_key", "made_at", "database", "blobs")
        }
    except FileNotFoundError:
        raise invalid(f"{MANIFEST_FILE} is missing: this is no copy of a node") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise invalid(f"{MANIFEST_FILE} cannot be read: {error!r}") from None
    PublicKey.parse(texts["public_key"])
    if Path(texts["database"]).name != texts["database"]:
        raise invalid(f"{MANIFEST_FILE} names a database outside of the copy")
    return Manifest(counts=counts, **texts)


def _number(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError("a count is a whole number")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is needed")
    return value
