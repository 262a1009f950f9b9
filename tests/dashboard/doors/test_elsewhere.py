"""The door of another homeserver, whose answers are a stranger's."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from dashboard.addresses import OwnPath
from dashboard.doors.answers import DoorError, DoorRefusedError
from dashboard.doors.elsewhere import BusyError, Elsewhere, OtherAccount, Place
from tests.support.appliance import keypair_of

ALICE = keypair_of("alice").public_key.z32
PLACE = Place(keypair_of("elsewhere").public_key.z32, "https://pubky.example.org", is_local=False)
PUB = OwnPath("/pub/")
Handler = Callable[[httpx.Request], httpx.Response]


def elsewhere(handler: Handler) -> Elsewhere:
    """The door, with somebody else's answers behind it."""
    return Elsewhere(PLACE, httpx.MockTransport(handler))


async def paths(handler: Handler) -> list[str]:
    """What a listing tells us of."""
    async with elsewhere(handler) as other:
        return [path.text async for path in other.of(ALICE, "secret").paths_below(PUB)]


async def test_a_sign_up_sends_the_token_once_and_keeps_the_secret() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, headers={"Set-Cookie": f"{ALICE}=ABC123; Path=/; HttpOnly"})

    async with elsewhere(handler) as other:
        assert await other.sign_up(ALICE, b"token", "CODE-1") == "ABC123"
        assert not list(other.of(ALICE, "x")._http.cookies.jar)
    (request,) = seen
    assert (request.method, request.url.path) == ("POST", "/signup")
    assert request.url.params["signup_token"] == "CODE-1"
    assert (request.content, request.headers["pubky-host"]) == (b"token", PLACE.public_key)


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "other=ABC",
        f"{ALICE}=",
        f'{ALICE}="a b"',
        f"{ALICE}={'A' * 600}",
        f"{ALICE}=a\\x",
        ";;;",
    ],
)
async def test_a_session_that_is_none_is_not_kept(cookie: str) -> None:
    async with elsewhere(lambda _: httpx.Response(200, headers={"Set-Cookie": cookie})) as other:
        with pytest.raises(DoorError, match="made no session"):
            await other.sign_in(ALICE, b"token")


async def test_a_refusal_is_told_in_part() -> None:
    async with elsewhere(lambda _: httpx.Response(401, content=b"no " * 100_000)) as other:
        with pytest.raises(DoorRefusedError) as caught:
            await other.sign_in(ALICE, b"token")
    assert (caught.value.status, len(caught.value.message)) == (401, 300)


@pytest.mark.parametrize(
    ("said", "wait_s"), [("7", 7), ("", 1), ("0", 1), ("99999", 60), ("soon", 1), ("9" * 30, 1)]
)
async def test_a_busy_place_says_how_long_to_wait(said: str, wait_s: int) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers={"Retry-After": said})

    async with elsewhere(handler) as other:
        with pytest.raises(BusyError) as caught:
            await other.of(ALICE, "secret").find(OwnPath("/pub/a"))
    assert caught.value.wait_s == wait_s


async def test_a_listing_is_read_to_its_end() -> None:
    every = [f"pubky://{ALICE}/pub/{number:04}" for number in range(2500)]

    def handler(request: httpx.Request) -> httpx.Response:
        cursor = request.url.params.get("cursor", "")
        after = [line for line in every if line.removeprefix("pubky://") > cursor]
        return httpx.Response(200, text="\n".join(after[:1000]))

    assert len(await paths(handler)) == 2500


async def test_a_listing_names_only_what_could_be_a_file_of_ours() -> None:
    lines = [
        f"pubky://{ALICE}/pub/a",
        f"pubky://{ALICE}/pub/folder/",
        f"pubky://{ALICE}/priv/elsewhere",
        f"pubky://{PLACE.public_key}/pub/strange",
        f"pubky://{ALICE}/pub/../x",
        "nonsense",
        "",
    ]
    answers = iter([httpx.Response(200, text="\n".join(lines)), httpx.Response(404)])
    assert await paths(lambda _: next(answers)) == ["/pub/a"]


async def test_a_listing_without_an_end_ends() -> None:
    assert (
        await paths(lambda _: httpx.Response(200, text=f"pubky://{ALICE}/pub/a")) == ["/pub/a"] * 2
    )


async def test_an_answer_without_an_end_is_not_read_to_its_end() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 1024 * 1024

    with pytest.raises(DoorError, match="sent more than it was asked for"):
        await paths(lambda _: httpx.Response(200, content=endless()))
    assert sent < 8


async def test_a_packed_answer_is_not_unpacked() -> None:
    packed = {"Content-Encoding": "gzip"}
    with pytest.raises(DoorError, match="packed its answer"):
        await paths(lambda _: httpx.Response(200, headers=packed, stream=httpx.ByteStream(b"x")))


async def test_a_place_without_the_session_says_so() -> None:
    async def asked(status: int) -> bool:
        async with elsewhere(lambda _: httpx.Response(status)) as other:
            return await other.of(ALICE, "secret").has_session()

    assert [await asked(200), await asked(401), await asked(404)] == [True, False, False]
    assert "secret" not in repr(OtherAccount(httpx.AsyncClient(), ALICE, "secret"))
