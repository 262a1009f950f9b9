"""A move from one real node to another, with a key that signs as a phone does."""

import asyncio
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from appliance import testnet as testnets
from appliance.cli.node import pages
from appliance.clock import system_clock
from appliance.pubky.keys import Keypair, PublicKey
from appliance.pubky.records import homeserver_records, user_record
from appliance.pubky.signed_packets import SignedPacket
from tests.dashboard.people import Browser, Page, approve, browser_at, connect, put_file
from tests.dashboard.test_accessibility import DESK, PHONE, chromium, violations
from tests.support.appliance import (
    Appliance,
    Person,
    config_on_free_ports,
    keypair_of,
    running_appliance,
)
from tests.support.operator import operator_of
from tests.support.wallet import unseal

FILES = {
    "/pub/pubky.app/profile.json": b'{"name": "Alice"}',
    "/pub/big.bin": bytes(range(256)) * 4096,
    "/priv/a note+plus%41.md": b"mine alone",
    "/priv/empty": b"",
}


@dataclass(frozen=True, slots=True)
class TwoNodes:
    """Alice's browser at the old node, with her data connected, and the new node."""

    old: testnets.Testnet
    new: Appliance
    alice: Person
    browser: Browser
    relay: httpx.AsyncClient

    async def publish(self, keypair: Keypair, packet: SignedPacket) -> None:
        """Tell the network something."""
        address = f"{self.old.pkarr_relay_url}/{keypair.public_key.z32}"
        (await self.relay.put(address, content=packet.relay_payload)).raise_for_status()

    async def point_record_to(self, homeserver: PublicKey) -> None:
        """As Ring publishes where somebody's data is."""
        packet = SignedPacket.sign(self.alice.keypair, (user_record(homeserver),), system_clock())
        await self.publish(self.alice.keypair, packet)

    async def choose(self, **form: str) -> httpx.Response:
        """Choose the new homeserver and approve; what the browser sees next."""
        answer = await self.browser.post(
            "/exit/place", {"homeserver": self.new.homeserver, "account": "new", **form}
        )
        if answer.status_code != 303:
            return answer
        await approve(self.alice, await self.browser.shown_link())
        return await self.browser.get("/scan")

    async def job(self, act: str) -> dict[str, Any]:
        """Do something that takes long; its receipt."""
        answer = await self.browser.post(f"/exit/{act}")
        assert answer.status_code == 303, Page(answer).text
        return await self.receipt(answer.headers["Location"])

    async def receipt(self, address: str) -> dict[str, Any]:
        """The receipt of a job, when it is over."""
        async with asyncio.timeout(20):
            while True:
                said: dict[str, Any] = (await self.browser.get(f"/json{address}")).json()["job"]
                if said["state"] != "running":
                    return said

    @asynccontextmanager
    async def new_account(self) -> AsyncIterator[Person]:
        """Alice at the new node, by a session of her own."""
        async with httpx.AsyncClient(base_url=self.new.client_url) as http:
            there = Person(self.alice.keypair, http)
            (await there.sign_in()).raise_for_status()
            yield there


@pytest.fixture
async def nodes(tmp_path: Path) -> AsyncIterator[TwoNodes]:
    ports = testnets.TestnetPorts(0, 0, 0, 0, 0, 0, 0, 0)
    config = config_on_free_ports(signup_mode="token_required")
    async with AsyncExitStack() as stack:
        old = await stack.enter_async_context(testnets.running_testnet(ports, dashboard=pages))
        new = await stack.enter_async_context(running_appliance(tmp_path, config))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=old.node.client_url))
        relay = await stack.enter_async_context(httpx.AsyncClient())
        browser = await stack.enter_async_context(browser_at(old.node.dashboard_url or ""))
        alice = Person(keypair_of("alice"), http)
        (await alice.sign_up()).raise_for_status()
        for path, body in FILES.items():
            await put_file(alice, path, body)
        both = TwoNodes(old, new, alice, browser, relay)
        port = httpx.URL(new.client_url).port or 0
        records = homeserver_records((), None, "localhost", port)
        keypair = new.node.keypair
        await both.publish(keypair, SignedPacket.sign(keypair, records, system_clock()))
        assert (await browser.sign_in(alice)).status_code == 303
        assert (await connect(browser, alice, "everything")).status_code == 303
        yield both


def groups(receipt: dict[str, Any]) -> dict[str, int]:
    """How many files had which fate."""
    return {group["name"]: group["files"] for group in receipt["groups"]}


async def test_an_account_moves_with_every_file(nodes: TwoNodes) -> None:
    """Choose, copy, compare, publish, wait, and leave: the whole way."""
    await nodes.point_record_to(nodes.old.node.keypair.public_key)
    invite = await nodes.new.node.services.signup.create_invite(None, None)
    answer = await nodes.choose(code=invite.token)
    assert answer.headers.get("Location") == "/exit?done=arrived", Page(answer).text
    receipt = await nodes.job("copy")
    assert receipt["state"] == "done", receipt
    assert groups(receipt) == {"copied": 4, "the same": 4}
    async with nodes.new_account() as there:
        for path, body in FILES.items():
            assert (await there.get(quote(path))).content == body
    assert groups(await nodes.job("copy")) == {"there already": 4, "the same": 4}

    leave = {"what": "delete", "sure": "yes"}
    refused = await nodes.browser.post("/exit/leave", leave)
    assert "Your record still names this node" in Page(refused).text
    await nodes.point_record_to(nodes.new.node.keypair.public_key)
    assert (await nodes.job("watch"))["state"] == "done"
    shown = (await nodes.browser.get("/json/exit")).json()
    assert [step["is_done"] for step in shown["steps"]] == [
        False,
        None,
        True,
        True,
        True,
        True,
        None,
        None,
    ]
    assert (shown["done"], shown["known"]) == (4, 5)

    unsure = await nodes.browser.post("/exit/leave", {"what": "delete"})
    assert "Say that you are sure" in Page(unsure).text
    answer = await nodes.browser.post("/exit/leave", leave)
    receipt = await nodes.receipt(answer.headers["Location"])
    assert receipt["facts"] == [
        {"name": "Files deleted", "value": 4, "unit": "files"},
        {
            "name": "Until they are gone for good",
            "value": "They lie in the trash for a while.",
            "unit": "text",
        },
    ]
    assert (await nodes.alice.get("/pub/big.bin")).status_code == 404


async def test_an_account_that_was_left_only_reads(nodes: TwoNodes) -> None:
    await nodes.point_record_to(nodes.new.node.keypair.public_key)
    frozen = await nodes.browser.post("/exit/leave", {"what": "freeze", "sure": "yes"})
    assert frozen.headers["Location"] == "/exit?done=frozen"
    assert (await nodes.alice.put("/pub/late", b"x")).status_code == 403
    assert (await nodes.alice.get("/priv/empty")).status_code == 200


async def test_a_comparison_finds_what_differs_on_either_side(nodes: TwoNodes) -> None:
    invite = await nodes.new.node.services.signup.create_invite(None, None)
    await nodes.choose(code=invite.token)
    await nodes.job("copy")
    async with nodes.new_account() as there:
        await put_file(there, "/pub/only/there", b"x")
        await put_file(there, "/pub/big.bin", b"written there since")
    await put_file(nodes.alice, "/pub/only/here", b"x")
    receipt = await nodes.job("compare")
    assert groups(receipt) == {"the same": 3, "different": 1, "only here": 1, "only there": 1}
    assert {
        "name": "Verdict",
        "value": "Not the same: 1 missing there, 1 different.",
        "unit": "text",
    } in receipt["facts"]
    receipt = await nodes.job("copy")
    assert groups(receipt)["newer there, so left alone"] == 1
    async with nodes.new_account() as there:
        assert (await there.get("/pub/big.bin")).content == b"written there since"
        assert (await there.get("/pub/only/here")).content == b"x"


async def test_what_was_approved_is_used_up_here_before_it_is_sent_there(
    nodes: TwoNodes,
) -> None:
    """A token names no homeserver: the new one must not be able to come back here with it."""
    posted: list[bytes] = []

    async def note(request: httpx.Request) -> None:
        posted.append(await request.aread())

    answer = await nodes.browser.post(
        "/exit/place", {"homeserver": nodes.new.homeserver, "account": "there"}
    )
    assert answer.status_code == 303
    link = await nodes.browser.shown_link()
    before = (await nodes.alice.get("/owner/access")).json()["items"]
    nodes.alice.http.event_hooks = {"request": [note]}
    await approve(nodes.alice, link)
    nodes.alice.http.event_hooks = {}
    secret = urlsafe_b64decode(parse_qs(urlsplit(link).query)["secret"][0] + "=")
    token = unseal(posted[0], secret)
    page = Page(await nodes.browser.get("/scan"))
    assert "You have no account there yet." in page.text
    again = await nodes.alice.http.post("/session", content=token)
    assert (again.status_code, "set-cookie" in again.headers) == (400, False), again.text
    after = (await nodes.alice.get("/owner/access")).json()["items"]
    assert [each["id"] for each in after] == [each["id"] for each in before]


async def test_a_place_that_is_none_is_refused_with_its_reason(nodes: TwoNodes) -> None:
    for typed, said in (
        ("nonsense", "neither a homeserver's key nor an invite"),
        ("y" * 52, "Invalid public key"),
        ("pubkyauth://direct_signup?st=x", "neither a homeserver's key nor an invite"),
        (nodes.old.node.keypair.public_key.z32, "This is the key of this very node."),
        (keypair_of("nobody").public_key.z32, "Nobody knows of a homeserver with this key"),
    ):
        page = Page(await nodes.choose(homeserver=typed))
        assert said in page.text
        assert typed in [at.get("value") for name, at in page.elements if name == "input"]
    for act in ("copy", "compare", "watch"):
        answer = await nodes.browser.post(f"/exit/{act}")
        assert "Choose the new homeserver first" in Page(answer).text


async def test_an_invite_is_as_good_as_a_key_and_a_code(nodes: TwoNodes) -> None:
    invite = await nodes.new.node.services.signup.create_invite(None, None)
    link = f"pubkyauth://direct_signup?hs={nodes.new.homeserver}&st={invite.token}"
    answer = await nodes.choose(homeserver=link)
    assert answer.headers.get("Location") == "/exit?done=arrived", Page(answer).text
    assert (await nodes.browser.post("/exit/forget")).status_code == 303
    assert (await nodes.browser.get("/json/exit")).json()["place_key"] is None
    async with nodes.new_account() as there:
        sessions = (await there.get("/owner/access")).json()["items"]
        assert [each["name"] for each in sessions if not each["is_current"]] == []


async def test_a_refused_sign_up_says_why(nodes: TwoNodes) -> None:
    page = Page(await nodes.choose())
    assert "The new homeserver said no: Token required" in page.text
    assert "alert" in {at.get("role") for _, at in page.elements}


async def test_a_copy_ends_where_the_new_account_is_full_and_goes_on_later(
    nodes: TwoNodes,
) -> None:
    invite = await nodes.new.node.services.signup.create_invite(None, None)
    await nodes.choose(code=invite.token)
    async with operator_of(nodes.new) as operator:
        address = f"/users/{nodes.alice.z32}/quota"
        full = {"storage_quota_mb": 1}
        (await operator.http.patch(address, json=full)).raise_for_status()
        receipt = await nodes.job("copy")
        assert receipt["state"] == "failed"
        assert "no room for more at the new homeserver" in str(receipt["message"])
        (
            await operator.http.patch(address, json={"storage_quota_mb": "unlimited"})
        ).raise_for_status()
    assert (await nodes.job("copy"))["state"] == "done"


@pytest.mark.parametrize(
    ("theme", "size"), [("light", PHONE), ("dark", DESK)], ids=["phone, light", "desk, dark"]
)
async def test_every_state_of_a_move_is_open_to_everybody(
    nodes: TwoNodes, theme: Literal["light", "dark"], size: tuple[int, int]
) -> None:
    invite = await nodes.new.node.services.signup.create_invite(None, None)
    await nodes.choose(code=invite.token)
    receipt = await nodes.job("copy")
    origin = nodes.old.node.dashboard_url or ""
    found: dict[str, list[str]] = {}
    async with chromium(theme, size) as page:
        await page.context.add_cookies(
            [
                {"name": each.name, "value": each.value or "", "url": origin}
                for each in nodes.browser.http.cookies.jar
            ]
        )
        for path in ("/exit", f"/jobs/{receipt['id']}", "/exit/leave"):
            answer = await page.goto(origin + path)
            assert answer is not None
            assert answer.status == 200, path
            found[path] = await violations(page)
        await page.get_by_role("button", name="Leave").click()
        found["unsure"] = await violations(page)
        await page.goto(f"{origin}/exit")
        await page.get_by_role("button", name="End this").click()
        await page.get_by_role("textbox", name="Its key").fill("nonsense")
        await page.get_by_role("button", name="Ask my wallet").click()
        assert await page.get_by_role("alert").count() == 1
        found["refused"] = await violations(page)
    assert {path: lines for path, lines in found.items() if lines} == {}
