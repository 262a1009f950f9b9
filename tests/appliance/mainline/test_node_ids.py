"""Node ids: the published ones of BEP 42, and how addresses are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.mainline.node_ids import (
    Address,
    Contact,
    compact_address,
    compact_contacts,
    crc32c,
    distance,
    is_ipv6,
    is_local,
    is_reachable,
    is_secure,
    read_compact_address,
    read_compact_contacts,
    secure_id,
)
from tests.support.vectors import Entry, entries, load_vectors

VECTORS = load_vectors("pkarr")
PUBLISHED = entries(VECTORS, "bep42")

IDS = st.binary(min_size=20, max_size=20)
HOSTS = st.ip_addresses().map(str)


@pytest.mark.parametrize("entry", PUBLISHED, ids=[entry["ip"] for entry in PUBLISHED])
def test_the_published_ids_are_secure_for_their_addresses(entry: Entry) -> None:
    node_id = bytes.fromhex(entry["node_id"])
    assert is_secure(node_id, entry["ip"])
    assert secure_id(entry["ip"], bytes(19) + node_id[19:])[:2] == node_id[:2]


@pytest.mark.parametrize("entry", PUBLISHED, ids=[entry["ip"] for entry in PUBLISHED])
def test_a_published_id_is_secure_for_no_other_address(entry: Entry) -> None:
    node_id = bytes.fromhex(entry["node_id"])
    others = [other["ip"] for other in PUBLISHED if other != entry]
    assert not any(is_secure(node_id, other) for other in others)


@pytest.mark.parametrize("entry", PUBLISHED, ids=[entry["ip"] for entry in PUBLISHED])
def test_twenty_one_bits_and_three_of_the_last_byte_are_bound(entry: Entry) -> None:
    node_id = int(entry["node_id"], 16)
    bound = [139, 158, 0, 1, 2]
    free = [138, 100, 8, 3, 4]

    def holds(flipped: int) -> bool:
        return is_secure((node_id ^ 1 << flipped).to_bytes(20, "big"), entry["ip"])

    assert not any(map(holds, bound))
    assert all(map(holds, free))


def test_the_checksum_is_that_of_rfc_3720() -> None:
    assert crc32c(b"") == 0
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(bytes([0xFF] * 32)) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert crc32c(b"123456789") == 0xE3069283


@pytest.mark.parametrize("entry", PUBLISHED, ids=[entry["ip"] for entry in PUBLISHED])
def test_the_checksum_is_the_published_one(entry: Entry) -> None:
    masked = int.from_bytes(compact_address((entry["ip"], 1))[:4], "big") & 0x030F3FFF
    seed = masked | (entry["r"] & 7) << 29
    assert f"{crc32c(seed.to_bytes(4, 'big')):08x}" == entry["crc32c"]


def test_an_ipv6_id_depends_on_the_masked_network_half() -> None:
    # BEP 42 masks the first eight bytes with 0103070f1f3f7fff and leaves the others out.
    node_id = secure_id("2eff:ffff:ffff:ffff:3:4:5:6", bytes(range(20)))
    r = 19 & 7
    masked = bytes.fromhex("0003070f1f3f7fff")
    masked = bytes([masked[0] | r << 5]) + masked[1:]
    assert int.from_bytes(node_id[:3], "big") >> 3 == crc32c(masked) >> 11
    assert is_secure(node_id, "2eff:ffff:ffff:ffff::9")
    assert not is_secure(node_id, "2eff:ffff:ffff:fffe::9")


@given(HOSTS, IDS)
def test_a_made_id_is_secure_and_keeps_its_random_rest(host: str, random_bytes: bytes) -> None:
    node_id = secure_id(host, random_bytes)
    assert is_secure(node_id, host)
    assert node_id[3:] == random_bytes[3:]
    assert node_id[2] & 7 == random_bytes[2] & 7


LOCAL = [
    "127.0.0.1",
    "127.255.255.255",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.7.7",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fc00::1",
    "fdff::1",
]
PUBLIC = [
    "128.0.0.1",
    "11.0.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "192.169.1.1",
    "193.168.1.1",
    "169.253.1.1",
    "100.64.0.1",
    "203.0.113.9",
    "::2",
    "fec0::1",
    "fe00::1",
    "fbff::1",
    "2001:db8::1",
]


@pytest.mark.parametrize("host", LOCAL)
def test_ids_of_local_networks_are_free(host: str) -> None:
    assert is_local(host)
    assert is_secure(bytes(20), host)
    assert is_secure(b"\xff" * 20, host)
    assert secure_id(host, bytes(range(20))) == bytes(range(20))


@pytest.mark.parametrize("host", PUBLIC)
def test_ids_of_public_addresses_are_bound(host: str) -> None:
    assert not is_local(host)
    assert not (is_secure(bytes(20), host) and is_secure(b"\xff" * 16 + bytes(4), host))


@pytest.mark.parametrize("host", ["localhost", "", "1.2.3", "1.2.3.4.5", "::g", "1.2.3.4\0", "é"])
def test_a_name_is_no_address(host: str) -> None:
    for judge in (is_local, lambda text: is_secure(bytes(20), text)):
        with pytest.raises(PubkyError):
            judge(host)
    with pytest.raises(PubkyError):
        compact_address((host, 1))


def test_distance_is_xor_read_as_a_number() -> None:
    assert distance(bytes(20), bytes(19) + b"\5") == 5
    assert distance(b"\x80" + bytes(19), bytes(20)) == 1 << 159


@given(IDS, IDS, IDS)
def test_distance_is_a_metric(a: bytes, b: bytes, c: bytes) -> None:
    assert distance(a, b) == distance(b, a)
    assert (distance(a, b) == 0) == (a == b)
    assert distance(a, c) <= distance(a, b) + distance(b, c)


@pytest.mark.parametrize(
    ("address", "compact"),
    [
        (("127.0.0.1", 6881), "7f0000011ae1"),
        (("255.255.255.255", 65535), "ffffffffffff"),
        (("0.0.0.0", 0), "000000000000"),  # noqa: S104 # read, not listened on
        (("2001:db8::9", 1), "20010db80000000000000000000000090001"),
    ],
)
def test_an_address_is_6_or_18_bytes(address: Address, compact: str) -> None:
    assert compact_address(address).hex() == compact
    assert read_compact_address(bytes.fromhex(compact)) == address


def test_the_zone_of_a_link_local_address_is_not_sent() -> None:
    assert compact_address(("fe80::1%eth0", 1)) == compact_address(("fe80::1", 1))


@given(st.binary(max_size=40))
def test_any_bytes_are_an_address_or_refused(data: bytes) -> None:
    if len(data) in (6, 18):
        address = read_compact_address(data)
        assert compact_address(address) == data
        assert is_ipv6(address[0]) == (len(data) == 18)
    else:
        with pytest.raises(PubkyError):
            read_compact_address(data)


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("203.0.113.9", 0),
        ("0.1.2.3", 1),
        ("224.0.0.1", 1),
        ("255.255.255.255", 1),
        ("2001:db8::1", 0),
        ("::", 1),
        ("ff02::1", 1),
        ("::ffff:203.0.113.9", 1),
    ],
)
def test_contacts_that_no_datagram_reaches_are_left_out(host: str, port: int) -> None:
    near = Contact(bytes(20), ("2001:db8::2", 2) if is_ipv6(host) else ("203.0.113.2", 2))
    lost = Contact(b"\1" * 20, (host, port))
    compact = compact_contacts([near, lost, near])
    assert read_compact_contacts(compact, 38 if is_ipv6(host) else 26) == [near, near]


@pytest.mark.parametrize("host", ["1.0.0.0", "223.255.255.255", "127.0.0.1", "::1", "fe80::1"])
def test_other_addresses_are_reachable(host: str) -> None:
    assert is_reachable(compact_address((host, 1)))
    assert is_reachable(compact_address((host, 256)))


@pytest.mark.parametrize("size", [26, 38])
def test_a_part_of_a_contact_is_refused(size: int) -> None:
    for length in (1, size - 1, size + 1):
        with pytest.raises(PubkyError):
            read_compact_contacts(bytes(length), size)
    assert read_compact_contacts(b"", size) == []


@given(st.lists(st.tuples(IDS, st.ip_addresses(v=4).map(str), st.integers(0, 65535))))
def test_contacts_are_read_as_they_were_written(parts: list[tuple[bytes, str, int]]) -> None:
    contacts = [Contact(node_id, (host, port)) for node_id, host, port in parts]
    kept = [contact for contact in contacts if is_reachable(compact_address(contact.address))]
    assert read_compact_contacts(compact_contacts(contacts), 26) == kept
