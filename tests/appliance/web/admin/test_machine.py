"""The machine for its operator: health, log lines, figures, settings, backups."""

import json
import logging
from typing import Any

import httpx
import pytest

from appliance.config import sample_config
from appliance.logs import kept_log
from tests.support.appliance import ADMIN_PASSWORD, Appliance

PASSWORD = {"X-Admin-Password": ADMIN_PASSWORD}


async def ask(appliance: Appliance, path: str, **query: str) -> Any:
    async with httpx.AsyncClient(base_url=appliance.admin_url, headers=PASSWORD) as http:
        response = await http.get(path, params=query)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("path", ["/machine", "/logs", "/figures", "/config", "/backups"])
async def test_nobody_else_learns_of_the_machine(appliance: Appliance, path: str) -> None:
    async with httpx.AsyncClient(base_url=appliance.admin_url) as http:
        assert (await http.get(path)).status_code == 401


async def test_the_machine_says_how_it_is(appliance: Appliance) -> None:
    said = await ask(appliance, "/machine")
    assert said["checks"] == {"database": "ok", "blobs": "ok", "disk": "ok", "parts": "ok"}
    assert said["memory_bytes"] > 10_000_000
    assert "web" in said["parts"]


async def test_log_lines_come_newest_first_and_are_filtered(appliance: Appliance) -> None:
    log = logging.getLogger("test")
    for number in range(3):
        log.warning("walrus %d", number)
    log.error("a seal")
    found = await ask(appliance, "/logs", contains="WALRUS", limit="2")
    assert [line["message"] for line in found["items"]] == ["walrus 2", "walrus 1"]
    rest = await ask(appliance, "/logs", contains="walrus", cursor=found["next_cursor"])
    assert [line["message"] for line in rest["items"]] == ["walrus 0"]
    errors = await ask(appliance, "/logs", level="error")
    assert [line["message"] for line in errors["items"]] == ["a seal"]


async def test_log_lines_of_a_time_alone_are_told(appliance: Appliance) -> None:
    said = logging.LogRecord("test", logging.WARNING, __file__, 1, "walrus 1", None, None)
    # A fraction of a microsecond, which no answer tells, neither adds nor hides a line.
    said.created = 1790000000.1234558
    logging.getLogger("test").handle(said)
    (first,) = (await ask(appliance, "/logs", contains="walrus"))["items"]
    logging.getLogger("test").warning("walrus 2")
    before = await ask(appliance, "/logs", contains="walrus", until=first["at"])
    assert before["items"] == []
    since = await ask(appliance, "/logs", contains="walrus", since=first["at"])
    assert [line["message"] for line in since["items"]] == ["walrus 2", "walrus 1"]
    zoneless = await ask(appliance, "/logs", contains="walrus", since=first["at"][:26])
    assert zoneless["items"] == since["items"]


@pytest.mark.parametrize("query", ["level=loud", "since=soon", "until=2026-13-01", "since=1"])
async def test_what_no_log_can_be_asked_for_is_refused(appliance: Appliance, query: str) -> None:
    async with httpx.AsyncClient(base_url=appliance.admin_url, headers=PASSWORD) as http:
        assert (await http.get(f"/logs?{query}")).status_code == 400


def test_no_kept_line_can_steer_a_terminal_and_old_ones_go() -> None:
    with kept_log() as kept:
        for number in range(2100):
            logging.getLogger("test").warning("\x1b[2J%d", number)
        lines = kept.lines(5000)
    assert len(lines) == 2000
    assert "\x1b" not in lines[0].message
    assert lines[-1].message.endswith("100")


async def test_figures_are_sampled_from_the_start_on(appliance: Appliance) -> None:
    (first, *_) = (await ask(appliance, "/figures"))["items"]
    assert first["disk_free_bytes"] > 0
    assert first["users"] == 0


# --- Settings -------------------------------------------------------------------------------------


async def put(appliance: Appliance, text: str, base: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=appliance.admin_url, headers=PASSWORD) as http:
        return await http.put("/config", json={"text": text, "base_checksum": base})


async def test_every_setting_is_listed_with_its_meaning(appliance: Appliance) -> None:
    said = await ask(appliance, "/config")
    by_key = {item["key"]: item for item in said["items"]}
    assert by_key["general.signup_mode"]["value"] == "open"
    assert not by_key["general.signup_mode"]["is_default"]
    assert "invite" in by_key["general.signup_mode"]["doc"]


async def test_a_new_text_is_kept_with_its_comments_and_asks_for_a_restart(
    appliance: Appliance,
) -> None:
    file = appliance.data_dir / "config.toml"
    file.write_text(sample_config())
    file.chmod(0o600)
    before = await ask(appliance, "/config")
    text = before["text"].replace("# trash_days = 30", "trash_days = 7")
    answer = await put(appliance, text, before["checksum"])
    assert (answer.status_code, answer.json()) == (200, {"needs_restart": True})
    assert file.read_text() == text
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in appliance.data_dir.glob(".config-*")] == []


async def test_a_wrong_text_changes_nothing_and_every_problem_is_named(
    appliance: Appliance,
) -> None:
    before = await ask(appliance, "/config")
    text = '[general]\nsignup_mode = "maybe"\n[storage]\ntrash_dayz = 1\n'
    answer = await put(appliance, text, before["checksum"])
    assert answer.status_code == 400
    assert "signup_mode" in answer.text
    assert "trash_days" in answer.text
    assert (await ask(appliance, "/config"))["text"] == before["text"]


async def test_two_who_change_the_settings_at_once_do_not_overwrite_each_other(
    appliance: Appliance,
) -> None:
    before = await ask(appliance, "/config")
    assert (await put(appliance, "# first\n", before["checksum"])).status_code == 200
    assert (await put(appliance, "# second\n", before["checksum"])).status_code == 409
    assert (await ask(appliance, "/config"))["text"] == "# first\n"


# --- Backups --------------------------------------------------------------------------------------


async def test_backups_are_listed_newest_first(appliance: Appliance) -> None:
    lines = [
        {"at": f"2026-11-{day:02}T03:00:00Z", "kind": "nightly", "ok": day != 2, "bytes": day}
        for day in (1, 2)
    ]
    text = "\n".join(map(json.dumps, lines)) + "\nrubbish\n"
    (appliance.data_dir / "backups.jsonl").write_text(text)
    found = (await ask(appliance, "/backups"))["items"]
    assert [(each["ok"], each["bytes"]) for each in found] == [(False, 2), (True, 1)]
