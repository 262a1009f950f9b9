"""Every case of the reference's authorization tests that concerns one tenant (client API 6.3)."""

import pytest

from appliance.errors import PubkyError
from appliance.homeserver.authorize import check_read, check_write
from appliance.pubky.capabilities import Capability, parse_list
from appliance.pubky.keys import Keypair, PublicKey
from appliance.pubky.paths import StoragePath
from appliance.web.answers import STATUS
from tests.support.vectors import Entry, entries, load_vectors

KEYS = {name: Keypair.from_seed(name.encode() * 32).public_key for name in "AB"}

# Rows without a tenant are event streams of several users; a storage request always has one.
ROWS = [row for row in entries(load_vectors("auth"), "authorization") if row["tenant"]]


class Session:
    """Somebody with capabilities."""

    def __init__(self, user: PublicKey, capabilities: tuple[Capability, ...]) -> None:
        self.user = user
        self.capabilities = capabilities


def outcome(row: Entry) -> str | list[int | str]:
    """What the rules say, as the vectors write it."""
    path = StoragePath.parse(row["path"])
    session = None
    if row["session_user"]:
        session = Session(KEYS[row["session_user"]], parse_list(row["session_caps"]))
    tenant = KEYS[row["tenant"]]
    try:
        if row["action"] == "write":
            assert session is not None
            check_write(path, tenant, session)
        else:
            check_read(path, tenant, session)
    except PubkyError as error:
        return [STATUS[error.code], error.message]
    return "ok"


@pytest.mark.parametrize(
    "row", ROWS, ids=lambda row: f"{row['action']} {row['path']} {row['session_caps']}"
)
def test_the_rules_agree_with_the_reference(row: Entry) -> None:
    assert outcome(row) == row["result"]


def test_the_vectors_cover_reads_and_writes() -> None:
    assert {row["action"] for row in ROWS} == {"read", "write"}
    assert len(ROWS) >= 24
