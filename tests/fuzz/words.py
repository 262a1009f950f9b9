"""What strangers sign and write: packets, tokens, grants, links, keys, paths, texts."""

import re
from contextlib import suppress
from functools import partial

from nacl.secret import SecretBox

from appliance.errors import PubkyError
from appliance.pkarr import nat_pmp
from appliance.pkarr.dht_items import item_of, packet_of
from appliance.pubky import crockford, z32
from appliance.pubky.auth_token import AuthToken, sign_auth_token
from appliance.pubky.capabilities import list_text, normalize, parse_list
from appliance.pubky.content_types import detect_content_type
from appliance.pubky.deep_links import DeepLink
from appliance.pubky.dns_message import (
    TYPE_HTTPS,
    TYPE_SVCB,
    Record,
    ServiceBinding,
    parse_message,
    parse_name,
    write_message,
)
from appliance.pubky.events import LARGEST_ID, parse_cursor
from appliance.pubky.grants import GRANT_TYPE, Grant, ProofOfPossession, bearer_of
from appliance.pubky.jws import Jws, base64url_encode, strict_json
from appliance.pubky.keys import PublicKey
from appliance.pubky.paths import EntryPath, StoragePath, decode_percent, encode_percent
from appliance.pubky.postcard import Reader, string, strings, varint
from appliance.pubky.record_text import content_text, owner_text, type_text
from appliance.pubky.records import homeserver_of, lenient_key
from appliance.pubky.sessions import parse_cookies
from appliance.pubky.sign_in_answers import Question, read_answer
from appliance.pubky.signed_packets import SignedPacket, signable
from appliance.pubky.signup_tokens import parse_signup_token
from appliance.pubky.timestamp import http_date, parse_http_date
from tests.fuzz.target import KEYPAIR, NOW_S, NOW_US, OTHER_KEYPAIR, Target, text_of
from tests.support.vectors import entries, load_vectors

SECRET = bytes(32)
ORIGIN = parse_name(KEYPAIR.public_key.z32)
_CONTROL = re.compile("[\0-\x1f\x7f-\x9f]")


def feed_dns_message(data: bytes) -> None:
    """Records are the same when we have written them, and people can look at each of them."""
    with suppress(PubkyError):
        records = parse_message(data)
        assert len(records) <= len(data) // 11
        for record in records:
            _look_at(record)
        assert parse_message(write_message(records)) == records


def _look_at(record: Record) -> None:
    for text in (type_text(record), owner_text(record, ORIGIN), content_text(record)):
        assert text
        assert not _CONTROL.search(text)
    if record.record_type in (TYPE_HTTPS, TYPE_SVCB):
        with suppress(PubkyError):
            binding = ServiceBinding.from_rdata(record.rdata)
            assert ServiceBinding.from_rdata(binding.to_rdata()) == binding


def feed_signed_packet(data: bytes) -> None:
    """Bytes as they come from relays and caches, and the same under a signature that is right."""
    key = KEYPAIR.public_key
    with suppress(PubkyError):
        _look_at_packet(SignedPacket.from_bytes(data), data)
    with suppress(PubkyError):
        packet, seen_us = SignedPacket.from_cache_record(data, NOW_US)
        assert packet.to_cache_record(seen_us)[8:] == data[8:]
    with suppress(PubkyError):
        timestamp_us = int.from_bytes(data[:8], "big")
        signature = KEYPAIR.sign(signable(timestamp_us, data[8:]))
        payload = signature + timestamp_us.to_bytes(8, "big") + data[8:]
        packet = SignedPacket.from_relay_payload(key, payload)
        _look_at_packet(packet, key.raw + payload)


def _look_at_packet(packet: SignedPacket, data: bytes) -> None:
    assert packet.to_bytes() == data
    assert len(data) <= 1104
    homeserver_of(packet)
    assert 300 <= packet.ttl() <= 86_400
    assert packet.expires_in(0, NOW_US) == 0
    assert not packet.more_recent_than(packet)
    with suppress(PubkyError):
        assert packet_of(item_of(packet)) == packet


def feed_key(data: bytes) -> None:
    """A text that names a key names the same one in its canonical form."""
    text = text_of(data)
    texts = (PublicKey.parse, PublicKey.parse_host, lenient_key)
    for parse in (*(partial(parse, text) for parse in texts), partial(PublicKey.from_bytes, data)):
        with suppress(PubkyError):
            key = parse()
            assert PublicKey.parse(key.z32) == key == PublicKey.from_bytes(key.raw)
    with suppress(PubkyError):
        assert z32.decode(z32.encode(z32.decode(text))) == z32.decode(text)
    with suppress(PubkyError):
        raw = crockford.decode(text)
        assert crockford.decode(crockford.encode(raw)) == raw
    with suppress(PubkyError):
        assert parse_signup_token(parse_signup_token(text)) == parse_signup_token(text)


def feed_postcard(data: bytes) -> None:
    """The fields of tokens and session records."""
    with suppress(PubkyError):
        reader = Reader(data)
        texts = reader.strings()
        assert Reader(strings(texts)).strings() == texts
        assert reader.remaining >= 0
    with suppress(PubkyError):
        number = Reader(data).varint()
        assert Reader(varint(number)).varint() == number
    with suppress(PubkyError):
        text = Reader(data).string()
        assert Reader(string(text)).string() == text


def feed_auth_token(data: bytes) -> None:
    """A token as it comes, and its content under a signature that is right."""
    with suppress(PubkyError):
        AuthToken.verify(data, NOW_US)
    body = b"PUBKY:AUTH\0" + NOW_US.to_bytes(8) + KEYPAIR.public_key.raw + data
    with suppress(PubkyError):
        token = AuthToken.verify(KEYPAIR.sign(body[1:]) + body, NOW_US)
        assert token.public_key == KEYPAIR.public_key
        assert parse_list(list_text(token.capabilities)) == token.capabilities
        assert len(token.replay_id) == 40


def feed_jws(data: bytes) -> None:
    """JSON and the compact form, before anybody looks at a signature."""
    with suppress(PubkyError):
        strict_json(data)
    with suppress(PubkyError):
        jws = Jws.parse(text_of(data))
        assert str(jws) == text_of(data)
        Grant.verify(jws, NOW_S)
    with suppress(PubkyError):
        assert bearer_of(text_of(data)) is None or len(data) == 50


def feed_grant(data: bytes) -> None:
    """Claims under a signature that is right: as a grant, and as the proof for a good grant."""
    grant = Grant(
        KEYPAIR.public_key, "app", parse_list("/:rw"), OTHER_KEYPAIR.public_key, "id", 0, 2**40
    )
    with suppress(PubkyError):
        found = Grant.verify(_jws(KEYPAIR.sign, GRANT_TYPE, data), NOW_S)
        assert found.expires_s > NOW_S
        assert found.issuer == KEYPAIR.public_key
        assert Grant.verify(Jws.parse(found.signed(KEYPAIR)), NOW_S) == found
    with suppress(PubkyError):
        proof = ProofOfPossession.verify(
            _jws(OTHER_KEYPAIR.sign, "pubky-pop", data), grant, KEYPAIR.public_key, NOW_S
        )
        assert abs(proof.issued_s - NOW_S) <= 180
        assert len(proof.nonce) <= 22


def _jws(sign: object, typ: str, claims: bytes) -> Jws:
    assert callable(sign)
    header = base64url_encode(b'{"alg":"EdDSA","typ":"%b"}' % typ.encode())
    body = base64url_encode(claims)
    return Jws(header, body, base64url_encode(sign(f"{header}.{body}".encode())))


def feed_sign_in_answer(data: bytes) -> None:
    """What a wallet leaves at the relay, sealed or not; only an answer to our question counts."""
    question = Question(SECRET, "/pub/x/:r", "app", OTHER_KEYPAIR.public_key)
    sealed = bytes(SecretBox(SECRET).encrypt(data, bytes(24)))
    for wire in (data, sealed):
        with suppress(PubkyError):
            answer = read_answer(wire, question, NOW_US)
            assert len(answer.public_key.raw) == 32


def feed_capabilities(data: bytes) -> None:
    """What is printed is read the same, and merging takes nothing away."""
    with suppress(PubkyError):
        found = parse_list(text_of(data))
        assert parse_list(list_text(found)) == found
        merged = normalize(found)
        assert normalize(merged) == merged
        for entry in found[:20]:
            for write in (False, True):
                allows = any(each.covers(entry.scope, write=write) for each in found)
                assert allows == any(each.covers(entry.scope, write=write) for each in merged)


def feed_paths(data: bytes) -> None:
    """Paths of requests, scopes and cursors; a normal path stays as it is, and inside."""
    text = text_of(data)
    for source in (text, _decoded(data)):
        with suppress(PubkyError):
            path = StoragePath.normalize(source)
            assert StoragePath.parse(path.text) == path == StoragePath.normalize(path.text)
            assert not {"", ".", ".."} & set(path.text.strip("/").split("/")) or path.text == "/"
            assert decode_percent(encode_percent(path.text).encode()) == path.text
            assert path.text not in path.ancestors()
    with suppress(PubkyError):
        cursor = EntryPath.parse_cursor(text)
        assert EntryPath.parse_cursor(str(cursor)) == cursor


def _decoded(data: bytes) -> str:
    try:
        return decode_percent(data)
    except PubkyError:
        return ""


def feed_texts(data: bytes) -> None:
    """Links, cookies, cursors, dates, and the first bytes of a file."""
    text = text_of(data)
    with suppress(PubkyError):
        DeepLink.parse(text)
    parse_cookies([text])
    with suppress(PubkyError):
        cursor = parse_cursor(text)
        assert 0 <= (cursor.id or cursor.created_us or 0) <= LARGEST_ID
    seconds = parse_http_date(text)
    if seconds is not None and 0 <= seconds < 2**36:
        assert parse_http_date(http_date(seconds * 1_000_000)) == seconds
    assert "/" in detect_content_type(data, len(data), text)


def feed_nat_pmp(data: bytes) -> None:
    """A router's answers."""
    with suppress(PubkyError):
        nat_pmp.read_address(data)
    with suppress(PubkyError):
        nat_pmp.read_mapping(data, "tcp")


def _dns_messages() -> list[bytes]:
    vectors = load_vectors("pkarr")
    messages = [bytes.fromhex(entry["dns_packet"]) for entry in entries(vectors, "signed_packets")]
    payloads = (bytes.fromhex(entry["relay_payload"]) for entry in entries(vectors, "parse_0_6_0"))
    return messages + [payload[72:] for payload in payloads]


def _packets() -> list[bytes]:
    vectors = load_vectors("pkarr")
    whole = [bytes.fromhex(entry["canonical"]) for entry in entries(vectors, "signed_packets")]
    records = [bytes.fromhex(entry["serialized"]) for entry in entries(vectors, "cache_record")]
    return whole + records + [bytes(8) + message for message in _dns_messages()]


def _texts(*sections: tuple[str, str]) -> list[bytes]:
    vectors = load_vectors("auth")
    return [
        str(entry[name]).encode()
        for section, name in sections
        for entry in entries(vectors, section)
        if entry.get(name) is not None
    ]


def _tokens() -> list[bytes]:
    captured = [bytes.fromhex(text.decode()) for text in _texts(("auth_token", "hex"))]
    return captured + [token[115:] for token in captured]


def _claims() -> list[bytes]:
    user, app = KEYPAIR.public_key.z32.encode(), OTHER_KEYPAIR.public_key.z32.encode()
    return [
        b'{"iss":"%b","client_id":"app","caps":["/pub/x/:r"],"cnf":"%b","jti":"id","iat":%d,"exp":%d}'
        % (user, app, NOW_S, NOW_S + 9),
        b'{"aud":"%b","gid":"id","nonce":"AAECAw","iat":%d}' % (user, NOW_S),
    ]


def _answers() -> list[bytes]:
    grant = str(_jws(KEYPAIR.sign, GRANT_TYPE, _claims()[0])).encode()
    wires = _texts(("relay_payload_captured", "wire"), ("login_binding", "wire"))
    return [
        grant,
        sign_auth_token(KEYPAIR, "/pub/x/:r", NOW_US),
        *(bytes.fromhex(wire.decode()) for wire in wires),
    ]


def _file_heads() -> list[bytes]:
    return [
        b"Sun, 06 Nov 1994 08:49:37 GMT",
        b"Sunday, 06-Nov-94 08:49:37 GMT",
        b"pubky://12",
        b"a=b; c=%41",
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"\0\0\0\x18ftypmp42\0\0\0\0mp41isom",
        b"PK\3\4" + bytes(22) + b"\x13\0\0\0[Content_Types].xml",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        b" <!DOCTYPE html>",
        *_texts(("deep_link_0_11", "url"), ("deep_link_0_6_0", "url")),
    ]


TARGETS: dict[str, Target] = {
    "dns-message": Target(feed_dns_message, _dns_messages),
    "signed-packet": Target(feed_signed_packet, _packets),
    "key": Target(
        feed_key,
        lambda: _texts(("public_key_parse", "in"), ("signup_code", "in"), ("zbase32", "z32")),
    ),
    "postcard": Target(
        feed_postcard, lambda: [strings(("", "/pub/:r")), varint(2**63), string("text")]
    ),
    "auth-token": Target(feed_auth_token, _tokens),
    "jws": Target(
        feed_jws,
        lambda: _texts(("jws", "compact"), ("jws_grant_negative", "grant")) + _claims(),
    ),
    "grant": Target(feed_grant, _claims),
    "sign-in-answer": Target(feed_sign_in_answer, _answers),
    "capabilities": Target(feed_capabilities, lambda: _texts(("capability_parse", "in"))),
    "paths": Target(
        feed_paths,
        lambda: [
            b"/pub/a/../b",
            b"/pub/%2e%2e/x",
            b"/priv//a/.",
            b"pubky://" + b"y" * 52 + b"/pub/a",
        ],
    ),
    "texts": Target(feed_texts, _file_heads),
    "nat-pmp": Target(
        feed_nat_pmp, lambda: [bytes([0, 128]) + bytes(10), bytes([0, 130]) + bytes(14)]
    ),
}
