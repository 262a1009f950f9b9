"""Looking at one's own files, public and private: sorted, filtered, paged, with exact totals."""

from urllib.parse import quote

import httpx
import pytest

from tests.dashboard.people import OWN_FORM, Browser, Page, connect, put_file
from tests.support.appliance import Person

PAGES = ("/files", "/files/pub/", "/own/object/pub/a", "/own/upload/pub/", "/own/trash")


@pytest.mark.parametrize("page", PAGES)
async def test_without_a_connection_the_way_leads_to_it(
    browser: Browser, alice: Person, page: str
) -> None:
    await browser.sign_in(alice)
    answer = await browser.get(page)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/connect")


async def test_the_top_shows_both_trees_with_exact_totals(home: Browser, alice: Person) -> None:
    await put_file(alice, "/pub/app/a", b"x" * 10)
    await put_file(alice, "/priv/notes/b", b"x" * 5)
    page = Page(await home.get("/files"))
    assert "2 files, 15 B" in page.text
    assert {"/files/pub/app/", "/files/priv/notes/"} <= set(page.links)


async def test_a_folder_is_sorted_as_a_whole_and_paged(home: Browser, alice: Person) -> None:
    for number in range(103):
        await put_file(alice, f"/pub/n/{number:03}", b"x" * (number + 1))
    first = Page(await home.get("/files/pub/n/?sort=size&order=desc"))
    assert "1 to 100 of 103" in first.text
    assert first.text.index("102") < first.text.index("003")
    last = Page(await home.get("/files/pub/n/?sort=size&order=desc&offset=100"))
    assert "101 to 103 of 103" in last.text
    assert "/own/object/pub/n/000" in last.links
    said = (await home.get("/json/files/pub/n/?name=10")).json()
    assert [row["item"]["path"]["text"] for row in said["rows"]] == [
        "/pub/n/010",
        "/pub/n/100",
        "/pub/n/101",
        "/pub/n/102",
    ]


@pytest.mark.parametrize("query", ["sort=colour", "order=up", "limit=7", "offset=-1"])
async def test_what_a_page_cannot_do_is_refused(home: Browser, query: str) -> None:
    assert (await home.get(f"/files/pub/?{query}")).status_code == 400


async def test_an_empty_tree_is_no_error(home: Browser) -> None:
    page = await home.get("/files/priv/")
    assert page.status_code == 200
    assert "This folder is empty." in Page(page).text


async def test_a_path_without_anything_names_the_nearest_folder(
    home: Browser, alice: Person
) -> None:
    await put_file(alice, "/pub/a/b", b"1")
    answer = await home.get("/own/object/pub/a/c/d")
    assert answer.status_code == 404
    assert "/files/pub/a/" in Page(answer).links


async def test_an_object_page_says_what_it_is(home: Browser, alice: Person) -> None:
    file = f"pubky://{alice.z32}/pub/pubky.app/files/0032SSN7Q4EVG"
    await put_file(
        alice,
        "/pub/pubky.app/posts/0033Z6VFR5GJG",
        (b'{"content":"Hello there","kind":"image","attachments":["%s"]}' % file.encode()),
    )
    page = Page(await home.get("/own/object/pub/pubky.app/posts/0033Z6VFR5GJG"))
    assert "Post" in page.text
    assert "Hello there" in page.text
    assert "/own/object/pub/pubky.app/files/0032SSN7Q4EVG" in page.links
    assert "Changes" in page.text


async def test_an_invalid_object_is_shown_with_the_reasons(home: Browser, alice: Person) -> None:
    await put_file(alice, "/pub/pubky.app/posts/0033Z6VFR5GJG", b'{"kind": "short"')
    page = Page(await home.get("/own/object/pub/pubky.app/posts/0033Z6VFR5GJG"))
    assert "Apps may ignore this. This is not JSON." in page.text
    assert "/own/raw/pub/pubky.app/posts/0033Z6VFR5GJG" in page.links


async def test_private_bytes_are_shown_to_their_owner_alone(
    home: Browser, alice: Person, visitor: httpx.AsyncClient
) -> None:
    await put_file(alice, "/priv/diary.txt", b"dear diary")
    shown = await home.get("/own/raw/priv/diary.txt")
    assert shown.content == b"dear diary"
    assert shown.headers["Cache-Control"] == "no-store"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert (await visitor.get("/own/raw/priv/diary.txt")).headers["Location"] == "/login"


async def test_an_earlier_version_is_compared_and_put_back(home: Browser, alice: Person) -> None:
    await put_file(alice, "/pub/a.txt", b"one\ntwo\n")
    await put_file(alice, "/pub/a.txt", b"one\nthree\n")
    page = Page(await home.get("/own/object/pub/a.txt"))
    (compare,) = [link for link in page.links if link.startswith("/own/diff/")]
    shown = Page(await home.get(compare)).text
    assert "- two" in shown
    assert "+ three" in shown
    version = compare.split("/")[3]
    answer = await home.post(f"/own/restore/{version}/pub/a.txt")
    assert answer.headers["Location"] == "/own/object/pub/a.txt?done=restored"
    assert (await alice.get("/pub/a.txt")).content == b"one\ntwo\n"


async def test_what_was_deleted_is_put_back_from_the_trash(home: Browser, alice: Person) -> None:
    await put_file(alice, "/priv/a", b"1")
    await alice.delete("/priv/a")
    response = await home.get("/own/trash")
    version = response.text.split("/own/restore/")[1].split("/")[0]
    await home.post(f"/own/restore/{version}/priv/a?from=trash")
    assert (await alice.get("/priv/a")).content == b"1"


async def test_deleting_asks_first_and_counts_what_goes(home: Browser, alice: Person) -> None:
    for path in ("/pub/x/a", "/pub/x/deep/b", "/pub/y"):
        await put_file(alice, path, b"123")
    form = {"folder": "/pub/", "name": ["x/", "y"]}
    asked = await home.http.post("/own/delete", data=form, headers=OWN_FORM)
    assert "Delete 3 files?" in Page(asked).text
    assert (await alice.get("/pub/y")).status_code == 200
    done = await home.http.post("/own/delete/act", data=form, headers=OWN_FORM)
    assert done.headers["Location"] == "/files/pub/?done=deleted"
    assert (await alice.get("/pub/x/deep/b")).status_code == 404
    assert (await alice.get("/pub/y")).status_code == 404


async def test_a_session_for_reading_changes_nothing(browser: Browser, alice: Person) -> None:
    await browser.sign_in(alice)
    await connect(browser, alice, "read")
    await put_file(alice, "/pub/a", b"1")
    assert 'type="checkbox"' not in (await browser.get("/files/pub/")).text
    refused = await browser.post("/own/delete/act", {"path": "/pub/a"})
    assert refused.status_code == 502
    assert (await alice.get("/pub/a")).status_code == 200


@pytest.mark.parametrize(
    ("collision", "names"),
    [("rename", ["a 2.txt", "a.txt"]), ("replace", ["a.txt"]), ("keep", ["a.txt"])],
)
async def test_a_name_in_use_is_dealt_with_as_chosen(
    home: Browser, alice: Person, collision: str, names: list[str]
) -> None:
    await put_file(alice, "/pub/u/a.txt", b"old")
    answer = await upload(home, "/pub/u/", {"a.txt": b"new"}, collision=collision)
    assert answer.status_code == (200 if collision == "keep" else 303)
    listed = (await home.get("/json/files/pub/u/")).json()["rows"]
    assert [row["item"]["path"]["text"].rpartition("/")[2] for row in listed] == names
    now = (await alice.get("/pub/u/a.txt")).content
    assert now == (b"new" if collision == "replace" else b"old")


async def upload(
    home: Browser, folder: str, files: dict[str, bytes], **form: str
) -> httpx.Response:
    parts = [("file", (name, body)) for name, body in files.items()]
    return await home.http.post(f"/own/upload{folder}", data=form, files=parts, headers=OWN_FORM)


async def test_many_files_are_stored_in_a_new_folder(home: Browser, alice: Person) -> None:
    big = b"0123456789" * 200_000
    answer = await upload(home, "/priv/", {"a": b"1", "ü.bin": big}, into="new/place")
    assert answer.headers["Location"] == "/files/priv/new/place/?done=uploaded"
    assert (await alice.get(f"/priv/new/place/{quote('ü.bin')}")).content == big


@pytest.mark.parametrize("into", ["../x", "a/../../b", "a//b", "a\\b"])
async def test_no_upload_leaves_its_folder(home: Browser, into: str) -> None:
    assert (await upload(home, "/pub/a/", {"f": b"1"}, into=into)).status_code == 400


async def test_a_refused_file_is_told_beside_the_others(home: Browser, alice: Person) -> None:
    await put_file(alice, "/pub/f/x/deep", b"1")
    answer = await upload(home, "/pub/f/", {"x": b"1", "fine": b"1"})
    page = Page(answer)
    assert "collision" in page.text
    assert (await alice.get("/pub/f/fine")).status_code == 200


async def test_all_files_below_a_folder_are_in_one_list(home: Browser, alice: Person) -> None:
    for number in range(102):
        await put_file(alice, f"/pub/n/{number % 3}/{number:03}", b"x" * (number + 1))
    await put_file(alice, "/pub/other", b"1")
    first = Page(await home.get("/files/pub/n/?view=all&sort=size&order=desc"))
    assert "102 files, 100 of them on this page" in first.text
    assert first.text.index("2/101") < first.text.index("1/100")
    (following,) = [link for link in first.links if "cursor=" in link]
    rest = Page(await home.get(following))
    assert {"/own/object/pub/n/0/000", "/own/object/pub/n/1/001"} <= set(rest.links)
    assert not [link for link in rest.links if "cursor=" in link and link.startswith("/files")]
    found = (await home.get("/json/files/pub/n/?view=all&name=1/00")).json()
    assert [row["item"]["path"]["text"] for row in found["rows"]] == [
        "/pub/n/1/001",
        "/pub/n/1/004",
        "/pub/n/1/007",
    ]
    assert (found["wanted_count"], found["file_count"]) == (3, 102)


async def test_what_was_chosen_among_all_files_is_deleted(home: Browser, alice: Person) -> None:
    await put_file(alice, "/pub/n/deep/a", b"1")
    await put_file(alice, "/pub/n/b", b"1")
    page = Page(await home.get("/files/pub/n/?view=all"))
    boxes = [at["value"] for _, at in page.elements if at.get("type") == "checkbox"]
    assert boxes == ["b", "deep/a"]
    form = {"folder": "/pub/n/", "name": "deep/a"}
    await home.http.post("/own/delete/act", data=form, headers=OWN_FORM)
    assert (await alice.get("/pub/n/deep/a")).status_code == 404
