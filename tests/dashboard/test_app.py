"""The frame around every page: who may enter, which headers leave, what errors say."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Browser

from dashboard import assets
from dashboard.app import DashboardSettings, create_app
from dashboard.routes import RouteTable
from dashboard.sign_in import create_login_link
from tests.dashboard.people import ROUTE_VALUES, Owner, Page
from tests.support.appliance import Appliance

ORIGIN = "http://127.0.0.1:6290"
# Port 1 of loopback refuses connections.
SHUT = "http://127.0.0.1:1"


def made_app(folder: Path, origin: str = ORIGIN) -> Quart:
    return create_app(DashboardSettings(origin, SHUT, SHUT, "s3cret-token", folder / "store"))


def table_of(app: Quart) -> RouteTable:
    table = app.extensions["route_table"]
    assert isinstance(table, RouteTable)
    return table


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[Quart]:
    """A dashboard whose doors are shut."""
    app = made_app(tmp_path)
    await app.startup()
    yield app
    await app.shutdown()


@pytest.fixture
def browser(app: Quart) -> Browser:
    return app.test_client()


async def signed_in(browser: Browser, folder: Path) -> Browser:
    link = await create_login_link(folder / "store", ORIGIN)
    response = await browser.post(link.removeprefix(ORIGIN), headers={"Host": "127.0.0.1:6290"})
    assert response.status_code == 303
    return browser


HOST = {"Host": "127.0.0.1:6290"}


OPEN_TO_ANYONE = {
    "/login",
    "/login/start",
    "/login/wait",
    "/login/<token>",
    "/relay/inbox/<channel_id>",
    "/relay/packets/<public_key>",
    "/join",
    "/static/<digest>/<name>",
}


def test_every_route_declares_what_it_promises(tmp_path: Path) -> None:
    app = made_app(tmp_path)
    table = table_of(app)
    for rule in app.url_map.iter_rules():
        declared = table.find(rule.endpoint)
        assert declared is not None, rule
        assert rule.methods is not None
        assert rule.methods - {"HEAD"} == declared.methods, rule
        if declared.audience == "anyone":
            assert rule.rule in OPEN_TO_ANYONE
        if declared.cross_origin:
            assert rule.rule == "/relay/inbox/<channel_id>"
        if declared.policy == "page":
            assert declared.cache == "no-store", rule
        assert (declared.policy == "raw") == ("raw" in rule.rule.split("/")), rule


async def test_a_signed_out_visitor_of_any_page_is_sent_to_the_way_in(
    app: Quart, browser: Browser
) -> None:
    visited = 0
    for rule in app.url_map.iter_rules():
        declared = table_of(app).find(rule.endpoint)
        assert declared is not None
        if declared.audience == "anyone":
            continue
        built = rule.build({name: ROUTE_VALUES[name] for name in rule.arguments})
        assert built is not None
        for method in declared.methods:
            visit = browser.get if method == "GET" else browser.post
            response = await visit(built[1], headers=HOST)
            expected = 401 if declared.policy == "machine" else 303
            assert response.status_code == expected, rule
            visited += 1
    assert visited > 15


async def test_a_foreign_host_is_refused(browser: Browser) -> None:
    response = await browser.get("/login", headers={"Host": "rebound.example:6290"})
    assert response.status_code == 421


async def test_an_unknown_address_is_a_page_of_our_own(browser: Browser) -> None:
    response = await browser.get("/nope", headers=HOST)
    assert response.status_code == 404
    assert "Nothing here" in await response.get_data(as_text=True)


async def test_options_is_not_answered(browser: Browser) -> None:
    assert (await browser.options("/login", headers=HOST)).status_code == 405


@pytest.mark.parametrize("path", ["/login", "/nope", "/static/0/dashboard.css"])
async def test_every_answer_carries_the_same_defences(browser: Browser, path: str) -> None:
    headers = (await browser.get(path, headers=HOST | {"Origin": "https://a.example"})).headers
    assert f"script-src {ORIGIN}/static/;" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert not [name for name, _ in headers if name.lower().startswith("access-control-")]


async def test_static_files_are_cached_for_ever_under_their_hash(
    browser: Browser,
) -> None:
    page = await (await browser.get("/login", headers=HOST)).get_data(as_text=True)
    address = next(part for part in page.split('"') if part.endswith("dashboard.css"))
    response = await browser.get(address, headers=HOST)
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Content-Type"] == "text/css; charset=utf-8"
    old = address.replace(address.split("/")[2], "0" * 16)
    assert (await browser.get(old, headers=HOST)).status_code == 404


async def test_scripts_are_small_and_served_as_scripts(browser: Browser) -> None:
    page = await (await browser.get("/login", headers=HOST)).get_data(as_text=True)
    addresses = [part for part in page.split('"') if part.endswith(".js")]
    assert addresses
    for address in addresses:
        response = await browser.get(address, headers=HOST)
        text = await response.get_data(as_text=True)
        assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert len(text.splitlines()) < 150
        for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert sink not in text, address


async def test_the_style_sheet_is_small_and_fetches_nothing() -> None:
    folder = Path(__file__).parents[2] / "dashboard" / "static"
    text = assets.load(folder)["dashboard.css"].body.decode()
    assert len(text.encode()) < 25_000
    assert "url(" not in text
    assert "@import" not in text


def test_no_template_switches_escaping_off() -> None:
    folder = Path(__file__).parents[2] / "dashboard" / "templates"
    for template in folder.rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        for forbidden in ("|safe", "| safe", "autoescape", "style=", "onclick"):
            assert forbidden not in text, template
        # Scripts are files of ours, never words of a page.
        assert text.count("<script") == text.count('<script type="module" src="{{ static_url('), (
            template
        )


async def test_a_shut_door_is_an_error_with_a_retry(browser: Browser, tmp_path: Path) -> None:
    await signed_in(browser, tmp_path)
    response = await browser.get("/", headers=HOST)
    page = await response.get_data(as_text=True)
    assert response.status_code == 502
    assert "Try again" in page
    assert "s3cret-token" not in page


async def test_machines_get_errors_as_json(browser: Browser, tmp_path: Path) -> None:
    await signed_in(browser, tmp_path)
    response = await browser.get("/json/users", headers=HOST)
    assert response.status_code == 502
    assert "cannot be reached" in (await response.get_json())["detail"]


async def test_a_mistake_of_ours_shows_a_request_id_and_no_details(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = made_app(tmp_path)

    async def broken(token: str) -> str:
        raise RuntimeError(f"the door of {len(token)}")

    table_of(app).add("/broken/<token>", audience="anyone")(broken)
    await app.startup()
    with caplog.at_level(logging.ERROR):
        response = await app.test_client().get("/broken/t0ken", headers=HOST)
    await app.shutdown()
    page = await response.get_data(as_text=True)
    assert response.status_code == 500
    assert response.headers["X-Request-Id"] in page
    assert "RuntimeError" not in page
    assert response.headers["X-Request-Id"] in caplog.text
    assert "t0ken" not in caplog.text


async def test_opening_a_link_twice_and_pressing_its_button_once_signs_in(
    appliance: Appliance, origin: str, visitor: httpx.AsyncClient
) -> None:
    link = await create_login_link(appliance.dashboard_store, origin)
    for _ in range(2):
        assert (await visitor.get(link)).status_code == 200
        assert not visitor.cookies
    response = await visitor.post(link)
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    assert (await visitor.get("/")).status_code == 200


async def test_a_used_link_says_so(
    appliance: Appliance, origin: str, visitor: httpx.AsyncClient
) -> None:
    link = await create_login_link(appliance.dashboard_store, origin)
    await visitor.post(link)
    visitor.cookies.clear()
    response = await visitor.post(link)
    assert response.status_code == 410
    assert "no longer works" in response.text
    assert not visitor.cookies


async def test_the_cookie_on_loopback_is_strict_and_hidden_from_scripts(
    appliance: Appliance, origin: str, visitor: httpx.AsyncClient
) -> None:
    response = await visitor.post(await create_login_link(appliance.dashboard_store, origin))
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("pkd=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))


async def test_the_cookie_over_tls_is_pinned_and_secure(tmp_path: Path) -> None:
    app = made_app(tmp_path, "https://dash.example")
    await app.startup()
    link = await create_login_link(tmp_path / "store", "")
    response = await app.test_client().post(link, headers={"Host": "dash.example"})
    await app.shutdown()
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-pkd=")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "same-site"}, {"Origin": "http://127.0.0.1:1"}, {"Origin": "null"}, {}],
)
async def test_a_neighbour_cannot_press_our_buttons(owner: Owner, headers: dict[str, str]) -> None:
    response = await owner.http.post("/invites", data={"lifetime": ""}, headers=headers)
    assert response.status_code == 403
    assert (await owner.admin.invites("all", 10)).total == 0


async def test_signing_out_ends_the_session_everywhere(owner: Owner, origin: str) -> None:
    cookies = dict(owner.http.cookies)
    response = await owner.post("/logout")
    assert response.headers["Location"] == "/login"
    assert response.headers["Clear-Site-Data"] == '"cache"'
    async with httpx.AsyncClient(base_url=origin, cookies=cookies) as thief:
        assert (await thief.get("/")).status_code == 303


async def test_a_signed_in_owner_is_not_asked_to_sign_in(owner: Owner) -> None:
    assert (await owner.get("/login")).headers["Location"] == "/"


async def test_the_way_in_names_the_command(visitor: httpx.AsyncClient) -> None:
    assert "pubky-appliance login-link" in Page(await visitor.get("/login")).text
