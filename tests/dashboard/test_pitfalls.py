"""The known pitfalls of such pages, each with the tests that fail when its measure is taken out.

The table says where; what had no better home is tested below it.
"""

import ast
import logging
import re
from functools import cache
from pathlib import Path

import httpx
import pytest

from dashboard.routes import MAX_FORM_BYTES
from dashboard.sign_in import create_login_link
from tests.dashboard.people import Browser, Owner, put_file
from tests.support.appliance import Appliance, Person

ROOT = Path(__file__).parent.parent.parent
HERE = "tests/dashboard"
PITFALLS: dict[str, tuple[str, ...]] = {
    "1 a stored file opened as a page of ours": (
        f"{HERE}/test_raw.py::test_every_byte_leaves_inert",
        f"{HERE}/test_raw.py::test_only_media_and_plain_text_are_named_as_such",
        f"{HERE}/test_raw.py::test_an_svg_is_inline_only_for_an_image",
        f"{HERE}/pages/own/test_files.py::test_private_bytes_are_shown_to_their_owner_alone",
    ),
    "2 a stored file used as a script": (
        f"{HERE}/test_scripts.py::test_a_stored_file_is_never_a_script",
        f"{HERE}/preview/test_media_types.py::test_only_the_closed_list_leaves_as_what_it_is",
    ),
    "3 markup in names, posts and JSON": (
        "tests/test_sample_life_hostile.py::test_nothing_of_mallorys_acts_on_mallorys_own_pages",
        "tests/test_sample_life_hostile.py::test_nothing_of_mallorys_acts_on_the_operators_pages",
        f"{HERE}/test_app.py::test_no_template_switches_escaping_off",
        f"{HERE}/test_scripts.py::test_markup_that_gets_through_does_nothing",
        f"{HERE}/test_scripts.py::test_a_script_of_ours_that_writes_markup_is_stopped",
        f"{HERE}/test_scripts.py::test_our_own_pages_break_no_policy",
    ),
    "4 bad schemes and remote images": (
        f"{HERE}/kinds/test_text.py::test_only_harmless_schemes_become_links",
        f"{HERE}/life/test_articles.py::test_nothing_hostile_survives",
        f"{HERE}/life/test_articles.py::test_a_picture_is_words_and_an_address",
        "tests/test_sample_life_hostile.py::test_what_acts_or_misleads_is_complained_of",
    ),
    "5 requests from other sites": (
        f"{HERE}/test_guard.py::test_writes_come_from_our_own_pages",
        f"{HERE}/test_app.py::test_a_neighbour_cannot_press_our_buttons",
    ),
    "6 plain http off loopback": (
        f"{HERE}/test_guard.py::test_plain_http_off_loopback_is_refused",
    ),
    "7 rebinding of host names": (f"{HERE}/test_app.py::test_a_foreign_host_is_refused",),
    "8 one origin with the homeserver": (
        f"{HERE}/test_pitfalls.py::test_no_page_is_open_to_scripts_of_other_origins",
        f"{HERE}/test_guard.py::test_the_cookie_is_pinned_to_its_host_over_tls",
    ),
    "9 sniffing and charsets": (
        f"{HERE}/test_app.py::test_every_answer_carries_the_same_defences",
        f"{HERE}/preview/test_look.py::test_utf_16_with_a_mark_is_decoded",
        f"{HERE}/preview/test_media_types.py::test_only_the_closed_list_leaves_as_what_it_is",
    ),
    "10 fetching what strangers name": (
        f"{HERE}/test_pitfalls.py::test_only_the_doors_talk_to_anybody",
    ),
    "11 paths that lead elsewhere": (
        f"{HERE}/test_addresses.py::test_any_text_is_a_path_or_an_address_error",
        f"{HERE}/pages/own/test_files.py::test_no_upload_leaves_its_folder",
    ),
    "12 hostile archives": (
        f"{HERE}/archive/test_reading.py::test_a_bomb_refuses_the_archive",
        f"{HERE}/archive/test_reading.py::test_names_that_lead_elsewhere_refuse_the_archive",
        f"{HERE}/archive/test_reading.py::test_links_and_devices_refuse_the_archive",
        f"{HERE}/archive/test_reading.py::test_files_that_overlap_refuse_the_archive",
    ),
    "13 bombs of JSON": (
        f"{HERE}/preview/test_json_view.py::test_deeper_nesting_is_refused_before_parsing",
        f"{HERE}/kinds/test_registry.py::test_what_cannot_be_read_is_raw_with_the_reason",
    ),
    "14 pages in frames of others": (
        f"{HERE}/test_app.py::test_every_answer_carries_the_same_defences",
    ),
    "15 addresses that tell too much": (
        f"{HERE}/pages/test_login.py::test_no_secret_of_a_sign_in_is_logged",
        f"{HERE}/test_pitfalls.py::test_no_secret_of_a_link_is_logged",
        f"{HERE}/test_pitfalls.py::test_strangers_addresses_are_links_that_tell_nothing",
        f"{HERE}/test_app.py::test_every_answer_carries_the_same_defences",
    ),
    "16 caches that keep pages": (
        f"{HERE}/test_pitfalls.py::test_signing_out_empties_the_cache",
        f"{HERE}/test_app.py::test_every_answer_carries_the_same_defences",
        f"{HERE}/test_app.py::test_every_route_declares_what_it_promises",
    ),
    "17 phishing and replaying of sign-ins": (
        f"{HERE}/pages/test_login.py::test_another_browser_cannot_finish",
        f"{HERE}/pages/test_login.py::test_an_approval_is_used_once",
        f"{HERE}/pages/test_login.py::test_a_strangers_page_begins_nothing",
        f"{HERE}/pages/test_login.py::test_an_address_begins_ten_times_and_is_then_shown_the_shell",
    ),
    "18 seeing what is another's": (
        f"{HERE}/test_audiences.py::test_the_route_table_is_the_truth",
        "tests/appliance/web/test_own_data.py::test_nobody_finds_what_is_anothers",
        "tests/appliance/web/test_own_history.py::test_nobody_gets_anothers_old_versions",
    ),
    "19 logs and terminals": (
        f"{HERE}/pages/machine/test_machine.py::test_log_lines_are_shown_harmless_and_filtered",
    ),
    "20 exhaustion": (
        f"{HERE}/pages/own/test_files.py::test_what_a_page_cannot_do_is_refused",
        "tests/appliance/web/test_own_data.py::test_no_word_is_an_operator",
        f"{HERE}/pages/test_invites.py::test_one_sign_in_follows_a_few_things_at_a_time",
        f"{HERE}/pages/test_exporting.py::test_a_download_waits_for_its_reader_and_ends_with_them",
        f"{HERE}/test_pitfalls.py::test_a_form_that_is_too_long_is_refused",
    ),
    "21 secrets on screen": (f"{HERE}/test_pitfalls.py::test_no_page_shows_a_secret",),
    "22 what others serve": (
        f"{HERE}/test_app.py::test_the_style_sheet_is_small_and_fetches_nothing",
        f"{HERE}/test_pitfalls.py::test_no_page_fetches_from_elsewhere",
        "tests/test_sample_life_hostile.py::test_what_acts_or_misleads_is_complained_of",
    ),
    "23 names that deceive": (
        f"{HERE}/test_wording.py::test_a_name_cannot_hide_its_extension",
        f"{HERE}/kinds/test_text.py::test_what_deceives_in_a_name_is_found",
        f"{HERE}/pages/own/test_account_pages.py::test_lookalike_names_are_recognised",
    ),
}
_NETWORK_MODULES = {"httpx", "socket", "urllib.request", "http.client", "aiohttp", "requests"}


@cache
def names_in(path: str) -> frozenset[str]:
    """The names of the tests in a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_all_known_pitfalls_are_in_the_table() -> None:
    assert [int(name.split()[0]) for name in PITFALLS] == list(range(1, 24))


@pytest.mark.parametrize("pitfall", PITFALLS)
def test_every_pitfall_has_its_tests(pitfall: str) -> None:
    assert PITFALLS[pitfall]
    for place in PITFALLS[pitfall]:
        path, _, name = place.partition("::")
        assert name in names_in(path), place


@pytest.mark.parametrize("path", ["/home", "/access", "/own/raw/pub/a", "/json/files", "/login"])
async def test_no_page_is_open_to_scripts_of_other_origins(home: Browser, path: str) -> None:
    answer = await home.get(path, Origin="https://evil.example")
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_only_the_doors_talk_to_anybody() -> None:
    found = []
    for path in sorted((ROOT / "dashboard").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if _NETWORK_MODULES & set(names) and path.parent.name != "doors":
                found.append(path.relative_to(ROOT / "dashboard").as_posix())
    # These two pass an open answer of a door on, and ask nobody by themselves.
    assert set(found) <= {"raw.py", "pages/exporting.py"}


async def test_signing_out_empties_the_cache(home: Browser) -> None:
    answer = await home.post("/logout")
    assert answer.headers["Clear-Site-Data"] == '"cache"'


async def test_no_page_shows_a_secret(
    owner: Owner, appliance: Appliance, alice: Person, home: Browser
) -> None:
    await put_file(alice, "/pub/a", b"1")
    secrets = {
        appliance.admin_token,
        appliance.admin_password,
        appliance.node.keypair.seed.hex(),
        *alice.cookies.values(),
        *(cookie.value or "-" for cookie in (*owner.http.cookies.jar, *home.http.cookies.jar)),
    }
    for browser, paths in (
        (owner, ("/", "/admin", "/configuration", "/logs?level=debug", "/audit", "/users")),
        (home, ("/home", "/access", "/activity", "/files", "/account", "/connect")),
    ):
        for path in (*paths, *(f"/json{path}" for path in paths)):
            text = (await browser.get(path)).text
            assert not [secret for secret in secrets if secret and secret in text], path


async def test_no_secret_of_a_link_is_logged(
    appliance: Appliance, visitor: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    # As `set_up_logs` has it: these would print what passes through them.
    for name in ("aiosqlite", "asyncio", "httpcore", "httpx"):
        caplog.set_level(logging.WARNING, logger=name)
    caplog.set_level(logging.DEBUG)
    link = await create_login_link(appliance.dashboard_store, appliance.dashboard_url)
    assert (await visitor.get(link)).status_code == 200
    assert (await visitor.post(link)).status_code == 303
    assert "/login/***" in caplog.text, "the test sees what is logged"
    assert link.rpartition("/")[2] not in caplog.text


async def test_a_form_that_is_too_long_is_refused(home: Browser) -> None:
    # A form of which nothing is read, so that nothing else can refuse it.
    answer = await home.post("/logout", {"x": "x" * MAX_FORM_BYTES})
    assert answer.status_code == 413


_ANCHOR = re.compile(r'<a [^>]*?href="(?P<href>[^"]*)"[^>]*>')
# How templates call what strangers wrote; what is ours is called otherwise.
_STRANGERS = re.compile(r"{{ *(?:\w+\.)*(?:to|target|segment|medium|link)\.href *}}")
_TELLS_NOTHING = 'rel="noopener noreferrer nofollow ugc"'


def test_strangers_addresses_are_links_that_tell_nothing() -> None:
    found = 0
    for path in sorted((ROOT / "dashboard" / "templates").rglob("*.html")):
        for anchor in _ANCHOR.finditer(path.read_text(encoding="utf-8")):
            href = anchor["href"]
            if _STRANGERS.search(href):
                found += 1
                assert _TELLS_NOTHING in anchor[0], f"{path.name}: {anchor[0]}"
            elif href.startswith("http"):
                assert "noopener noreferrer" in anchor[0], f"{path.name}: {anchor[0]}"
    assert found >= 5


_FETCHED = re.compile(r"<(?:script|link|img|video|audio|source|iframe|embed|object)\b[^>]*>")
_FROM_ELSEWHERE = re.compile(r'(?:src|href|data|poster|srcset)="(?!/[^/]|{{)')


def test_no_page_fetches_from_elsewhere() -> None:
    found = 0
    for path in sorted((ROOT / "dashboard" / "templates").rglob("*.html")):
        for element in _FETCHED.findall(path.read_text(encoding="utf-8")):
            found += 1
            assert not _FROM_ELSEWHERE.search(element), f"{path.name}: {element}"
    assert found > 10
