"""Writing and deleting files (client API 5.6, 7 and 8)."""

import asyncio
from collections.abc import AsyncIterator

import httpx

from tests.support.appliance import Appliance, Person, keypair_of, running_appliance
from tests.support.appliance import config_on_free_ports as config
from tests.support.raw_http import ask, chunked

COLLISION = (409, "File/folder path collision")
PUBLIC_VALIDATORS = ("etag", "last-modified", "location", "cache-control")


def brief(response: httpx.Response) -> tuple[int, str]:
    """Status and body."""
    return response.status_code, response.text


async def disable(appliance: Appliance, person: Person) -> None:
    """As the operator does it."""
    async with httpx.AsyncClient(base_url=appliance.admin_url) as admin:
        response = await admin.post(
            f"/users/{person.z32}/disable", headers={"x-admin-password": appliance.admin_password}
        )
        assert response.status_code == 200, response.text


async def test_a_file_is_put_read_described_and_deleted(
    http: httpx.AsyncClient, alice: Person, bob: Person
) -> None:
    """The reference's first scenario: foreign hints do not matter to a path-addressed request."""
    target = f"/storage/{alice.z32}/pub/foo.txt?pubky-host={bob.z32}"
    headers = {"pubky-host": bob.z32, "cookie": alice.headers["cookie"]}
    body = bytes(range(5))
    assert brief(await http.put(target, content=body, headers=headers)) == (201, "")
    got = await http.get(target)
    assert (got.status_code, got.headers["content-type"], got.content) == (200, "text/plain", body)
    head = await http.head(target)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "5", b"")
    assert head.headers["etag"] == got.headers["etag"]
    assert brief(await http.delete(target, headers=headers)) == (204, "")
    assert brief(await http.get(target)) == (404, "Not Found")


async def test_created_and_overwritten_look_alike(appliance: Appliance, alice: Person) -> None:
    headers = list(alice.headers.items())
    for body in (b"first", b"second", b""):
        answer = await ask(appliance.client_url, "PUT", "/pub/a", headers, body)
        assert (answer.status, answer.header("content-length"), answer.body) == (201, "0", b"")
        assert [name for name in PUBLIC_VALIDATORS if answer.header(name)] == []
        assert (await alice.get("/pub/a")).content == body


async def test_a_deletion_has_no_body_and_no_length(appliance: Appliance, alice: Person) -> None:
    await alice.put("/pub/a", "x")
    answer = await ask(appliance.client_url, "DELETE", "/pub/a", alice.headers.items())
    assert (answer.status, answer.header("content-length")) == (204, None)
    assert [name for name in PUBLIC_VALIDATORS if answer.header(name)] == []


async def test_a_second_deletion_finds_nothing(alice: Person) -> None:
    await alice.put("/pub/a", "x")
    assert (await alice.delete("/pub/a")).status_code == 204
    assert brief(await alice.delete("/pub/a")) == (404, "Not Found")


async def test_deleting_a_directory_by_its_bare_name_finds_nothing(alice: Person) -> None:
    await alice.put("/pub/app/file", "x")
    assert brief(await alice.delete("/pub/app")) == (404, "Not Found")
    assert (await alice.get("/pub/app/file")).text == "x"


async def test_a_disabled_user_may_read_delete_and_sign_in_but_not_write(
    appliance: Appliance, alice: Person
) -> None:
    await alice.put("/pub/a", "x")
    await disable(appliance, alice)
    assert brief(await alice.put("/pub/a", "y")) == (403, "User is disabled")
    assert brief(await alice.put("/pub/b", "y")) == (403, "User is disabled")
    assert (await alice.get("/pub/a")).text == "x"
    assert (await alice.get("/pub/")).status_code == 200
    assert (await alice.delete("/pub/a")).status_code == 204
    assert (await alice.sign_in()).status_code == 200
    assert (await alice.get("/session")).status_code == 200
    assert brief(await alice.put("/pub/a", "y")) == (403, "User is disabled")


async def test_the_checks_of_a_write_come_in_the_order_of_the_contract(
    http: httpx.AsyncClient, appliance: Appliance, alice: Person
) -> None:
    app = Person(alice.keypair, http)
    await app.sign_in(capabilities="/pub/app/:rw")
    await alice.put("/pub/app/file", "x")
    await disable(appliance, alice)
    anonymous = await http.put("/pub/", headers={"pubky-host": alice.z32})
    assert anonymous.status_code == 401
    assert (await app.put("/elsewhere/")).status_code == 400
    assert brief(await app.put("/elsewhere/x"))[0] == 403
    assert brief(await app.put("/pub/other")) == (
        403,
        "Session does not have write access to path",
    )
    assert brief(await app.put("/pub/app/file/below")) == (403, "User is disabled")


async def test_a_file_and_a_folder_of_one_name_cannot_coexist(alice: Person) -> None:
    assert (await alice.put("/pub/a", "file")).status_code == 201
    for below in ("/pub/a/b", "/pub/a/b/c/d"):
        assert brief(await alice.put(below, "x")) == COLLISION
        assert (await alice.get(below)).status_code == 404
    assert (await alice.put("/pub/a", "again")).status_code == 201
    assert (await alice.delete("/pub/a")).status_code == 204
    assert (await alice.put("/pub/a/b/c", "x")).status_code == 201
    for above in ("/pub/a", "/pub/a/b", "/pub/x/../a/b"):
        assert brief(await alice.put(above, "x")) == COLLISION
        assert (await alice.get(above)).status_code == 404
    assert (await alice.delete("/pub/a/b/c")).status_code == 204
    assert (await alice.put("/pub/a", "file")).status_code == 201


async def test_names_that_only_resemble_each_other_do_not_collide(alice: Person) -> None:
    await alice.put("/pub/a", "x")
    for path in ("/pub/a-b", "/pub/a.b", "/pub/a0", "/pub/A", "/pub/ab/c", "/pub/_", "/priv/a/b"):
        assert (await alice.put(path, "x")).status_code == 201, path
    await alice.put("/pub/under_score/x", "x")
    assert (await alice.put("/pub/under-score", "x")).status_code == 201
    assert (await alice.put("/pub/under%25score", "x")).status_code == 201


async def test_one_user_does_not_stand_in_anothers_way(alice: Person, bob: Person) -> None:
    await alice.put("/pub/a", "x")
    assert (await bob.put("/pub/a/b", "x")).status_code == 201


async def test_identical_files_of_two_users_are_independent(alice: Person, bob: Person) -> None:
    for person in (alice, bob):
        await person.put("/pub/same", "identical")
    await alice.delete("/pub/same")
    assert (await bob.get("/pub/same")).text == "identical"
    assert (await alice.get("/pub/same")).status_code == 404


async def test_one_path_holds_different_files_for_different_users(
    alice: Person, bob: Person
) -> None:
    await alice.put("/pub/a", "hers")
    await bob.put("/pub/a", "his, longer")
    assert (await alice.get("/pub/a")).headers["content-length"] == "4"
    assert (await bob.get("/pub/a")).headers["content-length"] == "11"
    await bob.delete("/pub/a")
    assert (await alice.get("/pub/a")).text == "hers"


async def test_both_addressing_modes_see_the_same_files(
    http: httpx.AsyncClient, alice: Person
) -> None:
    legacy = alice.headers | {"host": "non.pubky.host"}
    cookie = {"cookie": alice.headers["cookie"]}
    by_path = f"/storage/{alice.z32}/pub/a"
    assert (await http.put("/pub/a", content="one", headers=legacy)).status_code == 201
    assert (await http.get(by_path)).text == "one"
    assert (await http.delete(by_path, headers=cookie)).status_code == 204
    assert (await http.get("/pub/a", headers=legacy)).status_code == 404
    assert (await http.put(by_path, content="two", headers=cookie)).status_code == 201
    assert (await http.get("/pub/a", headers=legacy)).text == "two"
    assert (await http.delete("/pub/a", headers=legacy)).status_code == 204
    assert (await http.get(by_path)).status_code == 404


async def test_a_body_streams_in_and_out_unchanged(alice: Person) -> None:
    body = bytes(range(256)) * 4096
    assert (await alice.put("/pub/big.bin", body)).status_code == 201
    assert (await alice.get("/pub/big.bin")).content == body
    assert (await alice.delete("/pub/big.bin")).status_code == 204
    assert (await alice.get("/pub/big.bin")).status_code == 404


async def test_a_body_without_a_length_is_taken_too(appliance: Appliance, alice: Person) -> None:
    headers = [*alice.headers.items(), ("transfer-encoding", "chunked")]
    body = chunked(b"one ", b"two ", b"x" * 100_000)
    answer = await ask(appliance.client_url, "PUT", "/pub/a", headers, body)
    assert answer.status == 201
    assert (await alice.get("/pub/a")).content == b"one two " + b"x" * 100_000


async def test_conditions_and_codings_of_a_write_mean_nothing(alice: Person) -> None:
    await alice.put("/pub/a.txt", "old")
    for name, value in (
        ("if-none-match", "*"),
        ("if-match", '"other"'),
        ("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("content-encoding", "gzip"),
        ("content-type", "image/png"),
        ("range", "bytes=0-0"),
        ("content-range", "bytes 0-0/3"),
    ):
        body = f"as sent with {name}"
        assert (await alice.put("/pub/a.txt", body, **{name: value})).status_code == 201
        got = await alice.get("/pub/a.txt")
        assert (got.text, got.headers["content-type"]) == (body, "text/plain")
        assert "content-encoding" not in got.headers


async def test_writers_of_one_path_at_once_leave_one_whole_version(alice: Person) -> None:
    bodies = [bytes([letter]) * 300_000 for letter in b"abcdefgh"]
    answers = await asyncio.gather(*(alice.put("/pub/a", body) for body in bodies))
    assert [answer.status_code for answer in answers] == [201] * len(bodies)
    assert (await alice.get("/pub/a")).content in bodies


async def test_of_a_file_and_a_folder_at_once_only_one_gets_in(alice: Person) -> None:
    for round_number in range(5):
        name = f"/pub/{round_number}"
        answers = await asyncio.gather(
            *(alice.put(path, "x") for path in (name, f"{name}/a", name, f"{name}/b"))
        )
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) == {201, 409}
        assert (statuses[0] == 201 or statuses[2] == 201) != (
            statuses[1] == 201 or statuses[3] == 201
        )


async def test_a_download_keeps_its_version_while_the_file_is_replaced_and_deleted(
    http: httpx.AsyncClient, alice: Person
) -> None:
    old = b"o" * 6_000_000
    await alice.put("/pub/a", old)
    async with http.stream("GET", "/pub/a", headers=alice.headers) as download:
        chunks: AsyncIterator[bytes] = download.aiter_bytes()
        got = await anext(chunks)
        await alice.put("/pub/a", "new")
        await alice.delete("/pub/a")
        async for chunk in chunks:
            got += chunk
    assert got == old


async def test_an_upload_above_the_ceiling_is_refused(appliance: Appliance) -> None:
    data_dir = appliance.data_dir / "small"
    data_dir.mkdir()
    async with (
        running_appliance(data_dir, config(max_upload_mb=1)) as small,
        httpx.AsyncClient(base_url=small.client_url) as http,
    ):
        carol = Person(keypair_of("carol"), http)
        await carol.sign_up()
        fits = b"x" * 1024 * 1024
        assert (await carol.put("/pub/fits", fits)).status_code == 201
        text = "This server takes at most 1048576 bytes in one file"
        assert brief(await carol.put("/pub/big", fits + b"x")) == (413, text)

        async def no_length() -> AsyncIterator[bytes]:
            yield fits
            yield b"x"

        response = await http.put("/pub/big", content=no_length(), headers=carol.headers)
        assert brief(response) == (413, text)
        assert (await carol.get("/pub/big")).status_code == 404


async def test_read_after_write_is_immediate(alice: Person) -> None:
    for number in range(20):
        await alice.put("/pub/counter", str(number))
        assert (await alice.get("/pub/counter")).text == str(number)
