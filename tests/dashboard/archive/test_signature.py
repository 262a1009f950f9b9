"""`SIGNATURE`: read as a stranger's file."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.archive.signature import FORMAT, Signature, SignatureError, parse, to_text

GOOD = Signature("y" * 52, "o" * 52, "ab" * 32, 7, "cd" * 64)


def test_what_was_written_is_read() -> None:
    assert parse(to_text(GOOD)) == GOOD


@pytest.mark.parametrize(
    "change",
    [
        {"format": "another"},
        {"node": "Y" * 52},
        {"node": "y" * 51},
        {"owner": None},
        {"blake3": "ab" * 31},
        {"blake3": "AB" * 32},
        {"signature": "cd" * 63 + "c"},
        {"signature": "\u0661" * 128},
        {"at_us": -1},
        {"at_us": True},
        {"at_us": 2**63},
        {"at_us": "7"},
    ],
)
def test_what_is_not_well_formed_is_refused(change: dict[str, object]) -> None:
    said = json.loads(to_text(GOOD)) | change
    with pytest.raises(SignatureError):
        parse(json.dumps(said).encode())


@given(st.binary(max_size=5000) | st.just(b"[" * 5000) | st.just(b"[" * 4000))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(SignatureError):
        parse(data)


def test_the_form_is_named_in_the_file() -> None:
    assert json.loads(to_text(GOOD))["format"] == FORMAT
