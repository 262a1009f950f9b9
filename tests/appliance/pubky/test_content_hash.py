"""The hash vectors of the client API, section 9.2."""

import pytest

from appliance.pubky.content_hash import ContentHash, content_hash


@pytest.mark.parametrize(
    ("data", "base64"),
    [
        (b"", "rxNJufX5oaagQE3qNtzJSZvLJcmtwRK3zJqTyuQfMmI="),
        (b"\x00", "LTre3/EbYfFMiG41r6A2c23Nh6dNJ7XBUQIl0PWS4hM="),
        (b"\x00\x01\x02\x03\x04", "tAtE39l+eoSplqka+LhRiMZsEmlAunqtLnrms4VAKqI="),
        (b"hello", "6o8WPbOGgpJeRJHF5Y1Ls1Bu+MFOt4qG6QjFYkpnIA8="),
        (b"hello world", "10mB76cKDIgLjYwZhdB128v2ebmaX5kU5ar5a4ManiQ="),
        (b"hello world for hash test", "y/1THkWvwAbR5L7soptUXczZg2dqlwSgI7NMs/VHMFo="),
    ],
)
def test_a_body_has_the_documented_hash_text(data: bytes, base64: str) -> None:
    assert content_hash(data).base64 == base64


def test_the_etag_is_the_hash_text_in_quotes() -> None:
    assert content_hash(b"").etag == '"rxNJufX5oaagQE3qNtzJSZvLJcmtwRK3zJqTyuQfMmI="'


def test_a_hash_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        ContentHash(bytes(31))
