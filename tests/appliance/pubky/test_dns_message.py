"""The reader against crafted and random bytes, the writer against the reader and another parser."""

from contextlib import suppress

import dns.message
import dns.rdata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.pubky.dns_message import (
    TYPE_A,
    TYPE_AAAA,
    TYPE_CNAME,
    TYPE_HTTPS,
    TYPE_TXT,
    Name,
    Record,
    ServiceBinding,
    name_text,
    parse_message,
    parse_name,
    write_message,
)

HEADER = bytes.fromhex("000080000000000100000000")
TYPE_SOA = 6
TYPE_MX = 15
TYPE_SRV = 33

labels = st.binary(min_size=1, max_size=63)
names: st.SearchStrategy[Name] = st.lists(labels, max_size=3).map(tuple)
param_dicts = st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=8), max_size=4)
service_rdata = st.builds(ServiceBinding, st.integers(0, 0xFFFF), names, param_dicts).map(
    ServiceBinding.to_rdata
)


def wire(name: Name) -> bytes:
    return b"".join(bytes([len(label)]) + label for label in name) + b"\x00"


records = st.builds(
    lambda owner, ttl, content: Record(owner, content[0], ttl, content[1]),
    names,
    st.integers(0, 0xFFFFFFFF),
    st.one_of(
        st.tuples(st.just(TYPE_A), st.binary(min_size=4, max_size=4)),
        st.tuples(st.just(TYPE_AAAA), st.binary(min_size=16, max_size=16)),
        st.tuples(st.just(TYPE_CNAME), names.map(wire)),
        st.tuples(st.just(TYPE_MX), names.map(lambda name: b"\x00\x05" + wire(name))),
        st.tuples(st.just(TYPE_SRV), names.map(lambda name: bytes(6) + wire(name))),
        st.tuples(
            st.just(TYPE_SOA),
            st.tuples(names, names).map(lambda two: wire(two[0]) + wire(two[1]) + bytes(20)),
        ),
        st.tuples(st.just(TYPE_HTTPS), service_rdata),
        st.tuples(st.just(65432), st.binary(max_size=40)),
        st.tuples(st.just(TYPE_TXT), st.just(b"")),
    ),
)


def message(record_type: int, rdata: bytes, *, owner: bytes = b"\x00") -> bytes:
    """A message with one answer."""
    return (
        HEADER
        + owner
        + record_type.to_bytes(2, "big")
        + b"\x00\x01\x00\x00\x00\x3c"
        + len(rdata).to_bytes(2, "big")
        + rdata
    )


@given(st.binary(max_size=120))
def test_any_bytes_give_records_or_a_refusal(data: bytes) -> None:
    with suppress(PubkyError):
        parse_message(data)


@given(st.lists(records, max_size=4).map(tuple), st.binary(max_size=12), st.integers(0, 400))
def test_damaged_messages_give_records_or_a_refusal(
    answers: tuple[Record, ...], patch: bytes, position: int
) -> None:
    data = bytearray(write_message(answers))
    data[position : position + len(patch)] = patch
    with suppress(PubkyError):
        parse_message(bytes(data))


@given(st.lists(records, max_size=5).map(tuple))
def test_written_records_are_read_back_unchanged(answers: tuple[Record, ...]) -> None:
    assert parse_message(write_message(answers)) == answers


@given(st.binary(max_size=40))
def test_any_rdata_gives_a_service_binding_or_a_refusal(rdata: bytes) -> None:
    with suppress(PubkyError):
        ServiceBinding.from_rdata(rdata)


@given(st.integers(0, 0xFFFF), names, param_dicts)
def test_a_service_binding_survives_its_rdata(
    priority: int, target: Name, params: dict[int, bytes]
) -> None:
    binding = ServiceBinding(priority, target, params)
    assert ServiceBinding.from_rdata(binding.to_rdata()) == binding


@given(st.text(max_size=80))
def test_any_text_gives_a_name_or_a_refusal(text: str) -> None:
    with suppress(PubkyError):
        assert parse_name(name_text(parse_name(text))) == parse_name(text)


def test_another_parser_reads_what_we_compress() -> None:
    mail = parse_name("mail.example.com")
    answers = (
        Record(mail, TYPE_A, 60, bytes(4)),
        Record(parse_name("example.com"), TYPE_MX, 60, b"\x00\x0a" + wire(mail)),
        Record(parse_name("www.example.com"), TYPE_CNAME, 60, wire(mail)),
    )
    written = write_message(answers)
    lines = [rrset.to_text() for rrset in dns.message.from_wire(written).answer]
    assert lines == [
        "mail.example.com. 60 IN A 0.0.0.0",
        "example.com. 60 IN MX 10 mail.example.com.",
        "www.example.com. 60 IN CNAME mail.example.com.",
    ]
    assert written.count(b"example") == 1


def test_service_targets_are_written_without_pointers() -> None:
    owner = parse_name("example.com")
    answers = (Record(owner, TYPE_HTTPS, 60, ServiceBinding(1, owner).to_rdata()),)
    assert write_message(answers).count(wire(owner)) == 2


def test_a_pointer_in_a_service_target_is_followed() -> None:
    rdata = b"\x00\x01\xc0\x0c"
    (record,) = parse_message(message(TYPE_HTTPS, rdata, owner=b"\x03foo\x00"))
    assert ServiceBinding.from_rdata(record.rdata).target == (b"foo",)


@pytest.mark.parametrize(
    ("record_type", "rdata"),
    [
        (TYPE_A, bytes(3)),
        (TYPE_AAAA, bytes(15)),
        (TYPE_TXT, b"\x05abc"),
        (TYPE_CNAME, b"\x03foo\x00\x00"),
        (TYPE_CNAME, b"\x03foo"),
        (TYPE_MX, b"\x00"),
        (TYPE_SRV, bytes(6)),
        (TYPE_SOA, bytes(21)),
        (TYPE_HTTPS, b"\x00\x01\x00\x00\x03\x00\x02\x01"),
        (TYPE_HTTPS, b"\x00\x01\x00\x00\x03"),
    ],
)
def test_content_that_does_not_fill_its_length_is_refused(record_type: int, rdata: bytes) -> None:
    # Bytes of a next record stand behind, so that reading on would not hit the end.
    with pytest.raises(PubkyError):
        parse_message(message(record_type, rdata) + bytes(64))


@pytest.mark.parametrize("params", [b"\x00\x04\x00\x00\x00\x03\x00\x00", b"\x00\x03\x00\x00" * 2])
def test_service_parameters_must_ascend(params: bytes) -> None:
    with pytest.raises(PubkyError, match="ascending"):
        parse_message(message(TYPE_HTTPS, b"\x00\x01\x00" + params))


def test_a_chain_of_pointers_cannot_loop() -> None:
    first, second = b"\x01a\xc0\x10", b"\x01b\xc0\x0c"
    with pytest.raises(PubkyError, match="backwards"):
        parse_message(HEADER + first + second + bytes(20))


@pytest.mark.parametrize("text", ["a..b", ".a", "a" * 64, ".".join(["a" * 63] * 4)])
def test_a_text_that_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(PubkyError):
        parse_name(text)


def test_a_name_of_255_bytes_is_the_longest() -> None:
    assert len(wire(parse_name(".".join(["a" * 63] * 3 + ["a" * 61])))) == 255


def test_a_name_too_long_to_write_is_refused() -> None:
    with pytest.raises(PubkyError, match="255"):
        write_message((Record((b"a" * 63,) * 4, TYPE_A, 1, bytes(4)),))


def test_more_records_than_a_header_can_count_are_refused() -> None:
    with pytest.raises(PubkyError, match="too many"):
        write_message((Record((), TYPE_A, 1, b""),) * 0x10000)


def test_names_beyond_the_reach_of_pointers_are_written_in_full() -> None:
    filler = Record((), 65432, 1, bytes(0x4000))
    far = Record((b"far",), TYPE_A, 1, bytes(4))
    assert parse_message(write_message((filler, far, far))) == (filler, far, far)
