"""What people learn of what they store: totals, folders, search, references; and nobody else."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.appliance import Person, keypair_of, running_appliance
from tests.support.eventually import PATIENCE_S


async def ask(person: Person, address: str, **query: str) -> Any:
    """What an owner's question is answered with."""
    response = await person.http.get(f"/owner/{address}", params=query, headers=person.headers)
    assert response.status_code == 200, response.text
    return response.json()


async def indexed(person: Person) -> None:
    """Wait until the search knows everything that was stored."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            said = await ask(person, "index")
            if said["indexed_event"] == said["newest_event"]:
                return
            await asyncio.sleep(0.01)


ROUTES = ("usage", "breakdown", "folder", "search?q=a", "references", "dangling", "unreferenced")
MORE_ROUTES = ("index", "events", "versions?path=/pub/a", "trash", "trash/x", "access")


@pytest.mark.parametrize("route", [*ROUTES, *MORE_ROUTES])
async def test_nobody_asks_without_a_session(alice: Person, route: str) -> None:
    response = await alice.http.get(f"/owner/{route}", headers={"pubky-host": alice.z32})
    assert response.status_code == 401


@pytest.mark.parametrize("route", [*ROUTES, *MORE_ROUTES])
async def test_a_session_for_less_than_both_trees_is_refused(alice: Person, route: str) -> None:
    app = Person(alice.keypair, alice.http)
    await app.sign_in(capabilities="/pub/:rw,/priv/notes/:rw")
    response = await app.get(f"/owner/{route}")
    assert response.status_code == 403, response.text


async def test_who_holds_keys_is_told_only_to_sessions_for_everything(alice: Person) -> None:
    app = Person(alice.keypair, alice.http)
    await app.sign_in(capabilities="/pub/:rw,/priv/:rw")
    assert (await app.get("/owner/usage")).status_code == 200
    assert (await app.get("/owner/access")).status_code == 403
    assert (await app.delete("/owner/sessions/1")).status_code == 403


async def test_usage_counts_every_app_exactly(alice: Person) -> None:
    await alice.put("/pub/pubky.app/posts/1", b"12345")
    await alice.put("/pub/pubky.app/posts/2", b"12345")
    await alice.put("/priv/notes/a", b"123")
    await alice.delete("/pub/pubky.app/posts/2")
    said = await ask(alice, "usage")
    assert (said["files"], said["bytes"]) == (2, 8)
    assert [(app["path"], app["files"], app["bytes"]) for app in said["apps"]] == [
        ("/pub/pubky.app/", 1, 5),
        ("/priv/notes/", 1, 3),
    ]
    assert said["trash"] == {"versions": 1, "bytes": 5}
    assert said["quota_bytes"] is None


async def test_a_folder_is_sorted_as_a_whole(alice: Person) -> None:
    for name, size in (("a", 3), ("b", 1), ("c/deep", 9), ("d", 2)):
        await alice.put(f"/pub/x/{name}", b"." * size)
    said = await ask(alice, "folder", path="/pub/x/", sort="size", order="desc", limit="2")
    assert [item["path"] for item in said["items"]] == ["/pub/x/c/", "/pub/x/a"]
    assert (said["names"], said["totals"]["bytes"]) == (4, 15)
    rest = await ask(alice, "folder", path="/pub/x/", sort="size", order="desc", offset="2")
    assert [item["kind"] for item in rest["items"]] == ["file", "file"]


@pytest.mark.parametrize(
    "query", ["path=/pub/x", "path=pub", "sort=colour", "limit=x", "limit=-1", "order=up"]
)
async def test_a_bad_question_is_refused(alice: Person, query: str) -> None:
    assert (await alice.get(f"/owner/folder?{query}")).status_code == 400


async def test_a_folder_is_deleted_with_an_event_for_each_file(alice: Person) -> None:
    for name in ("a", "b/c"):
        await alice.put(f"/pub/x/{name}", b"1")
    await alice.put("/pub/xy", b"1")
    response = await alice.delete("/owner/folder?path=/pub/x/&limit=1")
    assert response.json() == {"deleted": 1, "more": True}
    assert (await alice.delete("/owner/folder?path=/pub/x/")).json()["more"] is False
    assert (await ask(alice, "usage"))["files"] == 1
    gone = await ask(alice, "events", kind="DEL")
    assert {each["path"] for each in gone["items"]} == {"/pub/x/a", "/pub/x/b/c"}
    assert (await ask(alice, "trash"))["items"][0]["path"].startswith("/pub/x/")


@pytest.mark.parametrize("path", ["/", "/pub/y/", "/other/"])
async def test_a_session_deletes_no_folder_that_it_may_not_write(alice: Person, path: str) -> None:
    await alice.put("/pub/y/a", b"1")
    app = Person(alice.keypair, alice.http)
    await app.sign_in(capabilities="/pub/x/:rw")
    assert (await app.delete(f"/owner/folder?path={path}")).status_code == 403
    assert (await alice.get("/pub/y/a")).status_code == 200


async def test_a_breakdown_knows_types_months_and_twins(alice: Person) -> None:
    await alice.put("/pub/a.png", b"\x89PNG\r\n\x1a\n" + bytes(20))
    await alice.put("/pub/b.png", b"\x89PNG\r\n\x1a\n" + bytes(20))
    await alice.put("/pub/c.txt", b"text")
    said = await ask(alice, "breakdown")
    assert [(each["name"], each["file_count"]) for each in said["types"]] == [
        ("image/png", 2),
        ("text/plain", 1),
    ]
    assert sum(month["size"] for month in said["months"]) == 60
    assert said["largest"][0]["bytes"] == 28
    assert [(twin["copies"], twin["bytes"]) for twin in said["twins"]] == [(2, 28)]


async def test_a_breakdown_of_before_will_do_for_who_says_so(alice: Person) -> None:
    await alice.put("/pub/a", b"1")
    first = await ask(alice, "breakdown", age="any")
    await alice.put("/pub/b", b"22")
    before = await ask(alice, "breakdown", age="any")
    assert (before["is_current"], before["largest"]) == (False, first["largest"])
    assert before["counted_at"] == first["counted_at"]
    now = await ask(alice, "breakdown")
    assert (now["is_current"], len(now["largest"])) == (True, 2)
    assert await ask(alice, "breakdown", age="any") == now


async def test_words_are_found_in_posts_and_names(alice: Person) -> None:
    post = {"content": "The quick brown fox, über Zäune", "kind": "short"}
    await alice.put("/pub/pubky.app/posts/1", json.dumps(post))
    await alice.put("/priv/notes/foxes.md", "nothing here")
    await indexed(alice)
    both = await ask(alice, "search", q="fox")
    assert {item["path"] for item in both["items"]} == {
        "/pub/pubky.app/posts/1",
        "/priv/notes/foxes.md",
    }
    (hit,) = (await ask(alice, "search", q="brown uber"))["items"]
    assert "".join(hit["excerpt"]).startswith("The quick brown fox")
    assert "brown" in hit["excerpt"]
    assert len(both["facets"]) == 2


async def test_what_was_replaced_or_deleted_is_not_found(alice: Person) -> None:
    await alice.put("/pub/a.txt", "walrus")
    await alice.put("/pub/b.txt", "walrus")
    await indexed(alice)
    await alice.put("/pub/a.txt", "seal")
    await alice.delete("/pub/b.txt")
    await indexed(alice)
    assert (await ask(alice, "search", q="walrus"))["items"] == []
    assert len((await ask(alice, "search", q="seal"))["items"]) == 1


async def test_nobody_finds_what_is_anothers(alice: Person, bob: Person) -> None:
    await alice.put("/priv/diary.txt", "secret walrus")
    await indexed(alice)
    assert (await ask(bob, "search", q="walrus"))["items"] == []
    assert (await ask(bob, "search", q=""))["items"] == []


@pytest.mark.parametrize("words", ['"', "a OR b", "NEAR(", "owner:u1u", "*", "-x", "a^b", "'", "{"])
async def test_no_word_is_an_operator(alice: Person, words: str) -> None:
    await alice.put("/pub/a.txt", "something else")
    await indexed(alice)
    said = await ask(alice, "search", q=words)
    assert said["items"] == []


async def test_hits_are_narrowed_by_folder_type_and_size(alice: Person) -> None:
    for path in ("/pub/a/x.txt", "/pub/b/x.txt", "/priv/a/x.json"):
        await alice.put(path, '{"a":"walrus"}' if path.endswith("json") else "walrus")
    await indexed(alice)
    for query, count in (
        ({"folder": "/pub/"}, 2),
        ({"folder": "/pub/a/"}, 1),
        ({"type": "application/json"}, 1),
        ({"min_bytes": "7"}, 1),
        ({"max_bytes": "6"}, 2),
        ({"after_us": "9999999999999999"}, 0),
    ):
        assert len((await ask(alice, "search", q="walrus", **query))["items"]) == count, query


async def test_references_are_known_from_both_ends(alice: Person) -> None:
    own = f"pubky://{alice.z32}/pub/pubky.app"
    await alice.put("/pub/pubky.app/blobs/B", b"bytes")
    await alice.put("/pub/pubky.app/blobs/LOST", b"bytes")
    await alice.put("/pub/pubky.app/files/F", json.dumps({"src": f"{own}/blobs/B"}))
    inner = json.dumps({"items": [f"{own}/posts/gone"]})
    await alice.put("/pub/pubky.app/posts/P", json.dumps({"content": inner, "b": f"{own}/files/F"}))
    await alice.put("/pub/pubky.app/posts/Q", json.dumps({"content": f"See {own}/files/F."}))
    await indexed(alice)
    found = await ask(alice, "references", target=f"{own}/files/F")
    assert [item["path"] for item in found["items"]] == [
        "/pub/pubky.app/posts/P",
        "/pub/pubky.app/posts/Q",
    ]
    dangling = await ask(alice, "dangling")
    assert dangling["items"] == [{"path": "/pub/pubky.app/posts/P", "target": f"{own}/posts/gone"}]
    orphans = await ask(alice, "unreferenced", folder="/pub/pubky.app/blobs/")
    assert [item["path"] for item in orphans["items"]] == ["/pub/pubky.app/blobs/LOST"]


async def test_hostile_files_are_indexed_without_harm(alice: Person) -> None:
    bodies = [
        b"[" * 100_000,
        b'{"a": "\\ud800"}',
        b"\x00\x01\x02 walrus",
        b'{"a": "pubky' + b"y" * 52 + b'/x\\u0000"}',
        "\u202e \x1b[2J walrus".encode(),
        b"\xef\xbb\xbf walrus",
    ]
    for number, body in enumerate(bodies):
        await alice.put(f"/pub/{number}.json", body)
    await indexed(alice)
    said = await ask(alice, "search", q="walrus")
    assert "/pub/5.json" in {item["path"] for item in said["items"]}


async def test_a_restarted_node_goes_on_indexing_where_it_was(tmp_path: Path) -> None:
    for words in ("first walrus", "second walrus"):
        async with (
            running_appliance(tmp_path) as node,
            httpx.AsyncClient(base_url=node.client_url) as http,
        ):
            person = Person(keypair_of("alice"), http)
            if not (await person.sign_up()).is_success:
                await person.sign_in()
            await person.put(f"/pub/{words}.txt", words)
            await indexed(person)
            said = await ask(person, "search", q="walrus")
    assert len(said["items"]) == 2
