"""A tenant's public tree: folders, objects, and what is not there."""

from urllib.parse import quote

import pytest

from tests.dashboard.people import Owner, Page, put_file
from tests.support.appliance import Person

STRANGER = "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"
NAMES = ("a b.txt", "100%.txt", "x?y#z", "q&<b>.txt", "%2e%2e", "grün", "a+b", "'\"")


async def test_a_folder_lists_folders_and_files(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/app/a.json", b"{}")
    await put_file(alice, "/pub/hello.txt", b"hi")
    page = Page(await owner.get(f"/browse/{alice.z32}/pub/"))
    assert f"/browse/{alice.z32}/pub/app/" in page.links
    assert f"/object/{alice.z32}/pub/hello.txt" in page.links
    assert "2 items" in page.text


@pytest.mark.parametrize("name", NAMES)
async def test_any_name_can_be_followed_from_its_folder(
    owner: Owner, alice: Person, name: str
) -> None:
    await put_file(alice, f"/pub/{name}", name.encode())
    folder = Page(await owner.get(f"/browse/{alice.z32}/pub/"))
    (link,) = [href for href in folder.links if href.startswith("/object/")]
    page = await owner.get(link)
    assert page.status_code == 200
    raw = next(href for href in Page(page).links if href.startswith("/raw/"))
    assert (await owner.get(raw)).content == name.encode()


async def test_a_long_folder_is_paged_by_cursor(owner: Owner, alice: Person) -> None:
    for number in range(101):
        await put_file(alice, f"/pub/many/{number:03d}", b"")
    address = f"/browse/{alice.z32}/pub/many/"
    first = Page(await owner.get(address))
    (following,) = [link for link in first.links if "cursor=" in link]
    last = Page(await owner.get(following))
    assert f"/object/{alice.z32}/pub/many/100" in last.links
    assert f"/object/{alice.z32}/pub/many/099" not in last.links
    assert address in last.links
    whole = Page(await owner.get(f"{address}?limit=500"))
    assert "101 items" in whole.text


async def test_the_page_behind_the_last_one_is_an_end(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/many/1", b"")
    address = f"/browse/{alice.z32}/pub/many/"
    response = await owner.get(f"{address}?cursor={alice.z32}/pub/many/1")
    assert response.status_code == 200
    assert "Nothing more in this folder" in response.text
    assert address in Page(response).links


async def test_a_user_without_public_files_has_an_empty_tree(owner: Owner, alice: Person) -> None:
    response = await owner.get(f"/browse/{alice.z32}/pub/")
    assert response.status_code == 200
    assert "Nothing published yet" in response.text


async def test_a_missing_folder_offers_the_nearest_one_above(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/app/a", b"1")
    response = await owner.get(f"/browse/{alice.z32}/pub/app/x/y/")
    assert response.status_code == 404
    assert "Up to /pub/app/" in Page(response).text


async def test_a_file_asked_for_as_a_folder_is_offered(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/a", b"1")
    response = await owner.get(f"/browse/{alice.z32}/pub/a/")
    assert response.status_code == 404
    assert f"/object/{alice.z32}/pub/a" in Page(response).links


async def test_a_folder_asked_for_as_a_file_is_offered(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/a/b", b"1")
    response = await owner.get(f"/object/{alice.z32}/pub/a")
    assert response.status_code == 404
    assert f"/browse/{alice.z32}/pub/a/" in Page(response).links


async def test_a_stranger_has_no_tree_here(owner: Owner) -> None:
    response = await owner.get(f"/browse/{STRANGER}/pub/")
    assert response.status_code == 404
    assert "Nobody with this key lives here" in response.text


@pytest.mark.parametrize(
    "rest", ["priv/", "priv/diary", "pub/%2e%2e/priv/diary", "pub/..%2fpriv/diary", "pub/..%5cpriv"]
)
async def test_nothing_but_the_public_tree_is_reachable(
    owner: Owner, alice: Person, rest: str
) -> None:
    await put_file(alice, "/priv/diary", b"dear diary")
    for family in ("browse", "object", "raw"):
        response = await owner.get(f"/{family}/{alice.z32}/{rest}")
        assert response.status_code in {303, 404}
        assert "dear diary" not in response.text


async def test_an_object_page_states_the_facts(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/a b.txt", b"hello")
    text = Page(await owner.get(f"/object/{alice.z32}/pub/a%20b.txt")).text
    assert f"pubky://{alice.z32}/pub/a%20b.txt" in text
    assert f"/storage/{alice.z32}/pub/a%20b.txt" in text
    # BLAKE3 of "hello" as `b3sum` prints it.
    assert "ea8f163db38682925e4491c5e58d4bb3506ef8c14eb78a86e908c5624a67200f" in text
    assert "hello" in text


async def test_json_is_shown_as_a_tree_and_raw(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/a.json", b'{"big": 12345678901234567890, "list": [true]}')
    page = Page(await owner.get(f"/object/{alice.z32}/pub/a.json"))
    assert "object, 2 members" in page.text
    assert "big 12345678901234567890 number" in page.text
    assert "Raw text" in page.text


async def test_a_lone_surrogate_in_json_does_not_break_the_page(
    owner: Owner, alice: Person
) -> None:
    await put_file(alice, "/pub/a.json", rb'{"\ud800": "\udfff"}')
    response = await owner.get(f"/object/{alice.z32}/pub/a.json")
    assert response.status_code == 200
    assert "U+D800" in response.text


async def test_invalid_json_says_why(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/a.json", b'{"a": }')
    text = Page(await owner.get(f"/object/{alice.z32}/pub/a.json")).text
    assert "Line 1, column 7" in text
    assert '{"a": }' in text


async def test_a_long_text_shows_its_head(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/long.txt", b"a" * 65_536 + b"THE END" + b"z" * 1_048_576)
    response = await owner.get(f"/object/{alice.z32}/pub/long.txt")
    assert "Download all of it" in response.text
    assert "THE END" not in response.text


async def test_a_picture_is_shown_through_the_raw_route(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>')
    page = Page(await owner.get(f"/object/{alice.z32}/pub/a.svg"))
    assert f"/raw/{alice.z32}/pub/a.svg" in [at.get("src") for _, at in page.elements]


async def test_an_empty_object_says_so(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/empty", b"")
    assert "has no bytes" in (await owner.get(f"/object/{alice.z32}/pub/empty")).text


async def test_hostile_text_stays_text_on_every_page(owner: Owner, alice: Person) -> None:
    attack = '"><img src=x onerror=alert(1)><script>1<'
    await put_file(alice, f"/pub/{attack}", attack.encode())
    await put_file(alice, "/pub/a.json", f'{{"{attack[2:]}": "{attack[2:]}"}}'.encode())
    await put_file(alice, "/pub/a.html", f"<script>{attack}</script>".encode())
    invite = await owner.admin.create_invite(attack, None)
    key = alice.z32
    paths = [
        "/",
        "/account",
        "/invites",
        f"/invites/{invite.id}",
        f"/invites/{invite.id}/revoke",
        f"/browse/{key}/pub/",
        f"/browse/{key}/pub/{quote(attack, safe='')}/",
        f"/object/{key}/pub/{quote(attack, safe='')}",
        f"/object/{key}/pub/a.json",
        f"/object/{key}/pub/a.html",
        f"/{quote(attack, safe='')}",
    ]
    owner.http.headers["User-Agent"] = attack
    for path in paths:
        page = Page(await owner.get(path))
        for name, attributes in page.elements:
            is_ours = (attributes.get("src") or "").startswith("/static/")
            assert name != "script" or is_ours, path
            assert attributes.get("src") != "x", path
            assert not [key for key in attributes if key.startswith("on") or key == "style"], path
