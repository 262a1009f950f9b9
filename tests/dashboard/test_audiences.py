"""Every route against every kind of visitor: nobody sees what the route table does not say."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from dashboard.app import DashboardSettings, create_app
from dashboard.routes import Audience, RoutePolicy, RouteTable
from tests.dashboard.people import ROUTE_VALUES, Browser, Owner, browser_at, claim_node, sign_up
from tests.support.appliance import Appliance, Person, keypair_of

# Who gets in where; everybody else is sent away with these.
ADMITTED: dict[Audience, frozenset[str]] = {
    "signed-in": frozenset({"alice", "bob", "disabled", "owner", "shell"}),
    "tenant": frozenset({"alice", "bob"}),
    "operator": frozenset({"owner", "shell"}),
}
# Also left out: what ends the visitor's own sign-in in the middle of the table.
LEFT_OUT = {"/logout", "/account/<int:sign_in_id>/end", "/account/end-others"}


@pytest.fixture
async def visitors(
    owner: Owner, alice: Person, http: httpx.AsyncClient, origin: str
) -> AsyncIterator[dict[str, Browser]]:
    """One browser each: nobody's, two tenants', a disabled one's, the owner's, the shell's."""
    people = {"alice": alice, "owner": Person(keypair_of("carol"), http)}
    for name in ("bob", "disabled"):
        invite = await owner.admin.create_invite(name, None)
        people[name] = await sign_up(http, invite.code, name)
    await claim_node(owner, people["owner"])
    async with AsyncExitStack() as stack:
        browsers = {"shell": Browser(owner.http)}
        for name in ("nobody", *people):
            browsers[name] = await stack.enter_async_context(browser_at(origin))
            if name in people:
                assert (await browsers[name].sign_in(people[name])).status_code == 303
        await owner.admin.disable_user(people["disabled"].z32)
        yield browsers


def declared_routes(appliance: Appliance) -> list[tuple[str, str, str, RoutePolicy]]:
    """Rule, an address it matches, method and promise of every route."""
    app = create_app(
        DashboardSettings(
            "http://127.0.0.1:1", "http://a", "http://a", "", appliance.data_dir / "x"
        )
    )
    table = app.extensions["route_table"]
    assert isinstance(table, RouteTable)
    found = []
    for rule in app.url_map.iter_rules():
        declared = table.find(rule.endpoint)
        assert declared is not None
        built = rule.build({name: ROUTE_VALUES[name] for name in rule.arguments})
        assert built is not None, rule
        found += [(rule.rule, built[1], method, declared) for method in sorted(declared.methods)]
    return found


async def test_the_route_table_is_the_truth(
    appliance: Appliance, visitors: dict[str, Browser]
) -> None:
    checked = 0
    for rule, address, method, declared in declared_routes(appliance):
        if rule in LEFT_OUT or declared.audience == "anyone":
            continue
        for name, browser in visitors.items():
            answer = await (browser.get(address) if method == "GET" else browser.post(address))
            where = f"{method} {address} as {name}: {answer.status_code}"
            if name in ADMITTED[declared.audience]:
                assert answer.headers.get("Location") != "/login", where
                assert answer.status_code not in (401, 403), where
            elif name == "nobody":
                expected = 401 if declared.policy == "machine" else 303
                assert answer.status_code == expected, where
                if expected == 303:
                    assert answer.headers["Location"] == "/login", where
            else:
                assert answer.status_code == 403, where
            checked += 1
    assert checked > 100


async def test_nobody_ends_the_sign_in_of_somebody_else(
    visitors: dict[str, Browser],
) -> None:
    for sign_in_id in range(1, 8):
        answer = await visitors["bob"].post(f"/account/{sign_in_id}/end")
        if answer.status_code == 303:
            assert answer.headers["Location"] == "/login", "only his own"
            break
        assert answer.status_code == 404
    assert (await visitors["alice"].get("/account")).status_code == 200
    assert (await visitors["owner"].get("/account")).status_code == 200


async def test_a_tenant_sees_only_their_own_sign_ins(visitors: dict[str, Browser]) -> None:
    seen = (await visitors["alice"].get("/account")).text
    assert keypair_of("alice").public_key.z32 in seen
    for other in ("bob", "carol", "disabled"):
        assert keypair_of(other).public_key.z32 not in seen


async def test_ending_all_others_leaves_other_people_alone(visitors: dict[str, Browser]) -> None:
    assert (await visitors["alice"].post("/account/end-others")).status_code == 303
    for name in ("alice", "bob", "owner", "shell"):
        assert (await visitors[name].get("/account")).status_code == 200, name


async def test_a_refused_tenant_is_told_in_words_and_finds_back(
    visitors: dict[str, Browser],
) -> None:
    answer = await visitors["alice"].get("/users")
    assert "Only those who run this node" in answer.text
    assert 'href="/connect"' in answer.text
    assert 'href="/users"' not in answer.text


async def test_every_page_for_the_signed_in_has_a_json_twin(
    appliance: Appliance, visitors: dict[str, Browser]
) -> None:
    seen = 0
    for rule, address, method, declared in declared_routes(appliance):
        if declared.policy != "page" or declared.audience == "anyone" or method != "GET":
            continue
        twin = await visitors["owner"].get(f"/json{address}")
        if twin.status_code == 200:
            assert twin.headers["Content-Type"].startswith("application/json"), rule
            assert isinstance(twin.json(), dict), rule
            seen += 1
        else:
            assert twin.status_code == (await visitors["owner"].get(address)).status_code, rule
    assert seen >= 5
