"""The operator's pages about the machine."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from appliance.config import sample_config
from dashboard.drawings.charts import sparkline, thinned
from tests.dashboard.people import Browser, Owner, Page, make_stale
from tests.support.appliance import Appliance, Person

PAGES = ("/admin", "/figures", "/logs", "/configuration", "/audit", "/backups")


@pytest.mark.parametrize("path", [*PAGES, "/logs/download", "/configuration/edit"])
async def test_only_operators_see_the_machine(browser: Browser, alice: Person, path: str) -> None:
    await browser.sign_in(alice)
    assert (await browser.get(path)).status_code == 403


async def test_checks_are_told_with_their_verdicts(owner: Owner) -> None:
    page = Page(await owner.get("/admin"))
    assert "All checks are good." in page.text
    assert "database" in page.text
    assert "no program has told this node of a backup" in page.text


async def test_a_changed_file_asks_for_a_restart(owner: Owner, appliance: Appliance) -> None:
    (appliance.data_dir / "config.toml").write_text("[storage]\ntrash_days = 7\n")
    assert "restart the node to take it up" in Page(await owner.get("/admin")).text


async def test_figures_are_drawn_with_their_numbers(owner: Owner) -> None:
    text = Page(await owner.get("/figures")).text
    assert "Requests a minute" in text
    assert "Free on the disk" in text


def test_a_line_keeps_its_peaks_however_long_it_is() -> None:
    values = [0.0] * 1440
    values[777] = 9.0
    assert max(thinned(values)) == 9.0
    assert len(thinned(values)) <= 240
    assert sparkline("x", [1.0]) == ""
    assert "<b>" not in sparkline("<b>", [1.0, 2.0])


async def test_log_lines_are_shown_harmless_and_filtered(owner: Owner) -> None:
    logging.getLogger("test").warning("walrus \x1b[2J<b>")
    logging.getLogger("test").error("seal")
    answer = await owner.get("/logs?contains=walrus")
    assert "\x1b" not in answer.text
    assert "<b>" not in answer.text.split("<table")[1]
    assert "seal" not in Page(answer).text
    only = Page(await owner.get("/logs?level=error")).text
    assert "walrus" not in only


async def test_the_log_is_downloaded_a_line_of_json_each(owner: Owner) -> None:
    logging.getLogger("test").warning("walrus")
    answer = await owner.get("/logs/download?contains=walrus")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert json.loads(answer.text.splitlines()[-1])["message"] == "walrus"


@pytest.mark.parametrize("path", ["/logs", "/logs/download"])
async def test_the_log_is_narrowed_to_a_time(owner: Owner, path: str) -> None:
    logging.getLogger("test").warning("walrus")
    for query in ("span=hour", "span=day", "since=2020-01-01", "until=2100-01-01T10:00"):
        assert "walrus" in (await owner.get(f"{path}?{query}")).text, query
    for query in ("until=2020-01-01", "since=2100-01-01T10:00:30", "span=hour&until=2020-01-01"):
        assert "walrus" not in (await owner.get(f"{path}?{query}")).text, query


@pytest.mark.parametrize(
    "query", ["level=loud", f"contains={'x' * 300}", "span=year", "since=soon", "until=1"]
)
async def test_the_log_is_asked_for_sensible_things_only(owner: Owner, query: str) -> None:
    assert (await owner.get(f"/logs?{query}")).status_code == 400


async def test_acts_of_operators_are_listed(owner: Owner, alice: Person) -> None:
    await owner.admin.disable_user(alice.z32)
    page = Page(await owner.get("/audit"))
    assert "disable" in page.text
    assert alice.z32 in page.text


async def test_acts_are_found_by_what_they_hold(owner: Owner, alice: Person) -> None:
    await owner.admin.disable_user(alice.z32)
    await owner.admin.enable_user(alice.z32)
    rows = (await owner.get(f"/json/audit?contains={alice.z32[:9].upper()}")).json()["acts"]
    assert [row["action"] for row in rows] == ["moderation.enable", "moderation.disable"]
    page = Page(await owner.get("/audit?contains=walrus"))
    assert "No such act." in page.text
    assert (await owner.get(f"/audit?contains={'x' * 300}")).status_code == 400


# --- Settings -------------------------------------------------------------------------------------


async def test_settings_are_shown_with_their_meaning(owner: Owner) -> None:
    text = Page(await owner.get("/configuration")).text
    assert "storage.trash_days" in text
    assert "How long" in text or "days" in text
    assert '"token_required"' in text
    assert "by default" in text


async def test_changing_settings_asks_for_a_fresh_proof(owner: Owner, appliance: Appliance) -> None:
    make_stale(appliance)
    for path in ("check", "save"):
        answer = await owner.post(f"/configuration/{path}", {"text": "", "base": ""})
        assert answer.headers["Location"].startswith("/confirm")


async def test_a_change_is_shown_before_it_is_kept(owner: Owner, appliance: Appliance) -> None:
    file = appliance.data_dir / "config.toml"
    file.write_text(sample_config())
    said = (await owner.get("/json/configuration/edit")).json()
    text = said["text"].replace("# trash_days = 30", "trash_days = 7")
    form = {"text": text, "base": said["base_checksum"]}
    shown = Page(await owner.post("/configuration/check", form)).text
    assert "- # trash_days = 30" in shown
    assert "+ trash_days = 7" in shown
    assert file.read_text() == sample_config()
    kept = await owner.post("/configuration/save", form)
    assert kept.headers["Location"] == "/configuration?done=settings-restart"
    assert file.read_text() == text


async def test_every_problem_is_named_and_nothing_is_kept(
    owner: Owner, appliance: Appliance
) -> None:
    base = (await owner.get("/json/configuration/edit")).json()["base_checksum"]
    text = '[general]\nsignup_mode = "maybe"\n[storage]\ntrash_dayz = 1\n'
    for act in ("check", "save"):
        shown = Page(await owner.post(f"/configuration/{act}", {"text": text, "base": base})).text
        assert "2 problems" in shown
    assert not (appliance.data_dir / "config.toml").exists()


async def test_a_change_made_meanwhile_is_not_overwritten(
    owner: Owner, appliance: Appliance
) -> None:
    base = (await owner.get("/json/configuration/edit")).json()["base_checksum"]
    file = appliance.data_dir / "config.toml"
    file.write_text("# somebody else\n")
    shown = Page(await owner.post("/configuration/save", {"text": "# mine\n", "base": base})).text
    assert "changed meanwhile" in shown
    assert file.read_text() == "# somebody else\n"


# --- Backups --------------------------------------------------------------------------------------


async def test_the_age_of_the_last_good_backup_is_told(owner: Owner, appliance: Appliance) -> None:
    assert "No program has told" in Page(await owner.get("/backups")).text
    lines = [
        {"at": "2026-11-01T00:00:00Z", "kind": "nightly", "ok": True, "bytes": 1000},
        {"at": "2026-11-02T00:00:00Z", "kind": "nightly", "ok": False, "detail": "<b>"},
    ]
    (appliance.data_dir / "backups.jsonl").write_text("\n".join(map(json.dumps, lines)))
    answer = await owner.get("/backups")
    assert "The last good one was" in Page(answer).text
    assert "<b>" not in answer.text.split("<table")[1]


def tell(appliance: Appliance, *lines: dict[str, object]) -> None:
    """What a program that makes backups writes."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (appliance.data_dir / "backups.jsonl").write_text(text)


def trial(age_days: int, *, ok: bool, detail: str) -> dict[str, object]:
    """A line of a drill."""
    at = datetime.now(UTC) - timedelta(days=age_days)
    return {"at": at.isoformat(), "kind": "drill", "ok": ok, "detail": detail}


BACKUP = {"at": "2026-11-01T00:00:00Z", "kind": "nightly", "ok": True, "bytes": 1000}


async def test_backups_that_nobody_ever_tried_ask_for_a_trial(
    owner: Owner, appliance: Appliance
) -> None:
    tell(appliance, BACKUP)
    shown = Page(await owner.get("/backups")).text
    assert "No backup was ever restored on trial" in shown
    assert "systemctl start pubky-backup-drill" in shown


@pytest.mark.parametrize(
    ("age_days", "ok", "words"),
    [
        (1, True, "a node could live on this backup"),
        (40, True, "is to happen every week"),
        (1, False, "Do not rely on these backups"),
    ],
)
async def test_the_last_trial_is_told_with_its_verdict(
    owner: Owner, appliance: Appliance, age_days: int, ok: bool, words: str
) -> None:
    tell(appliance, BACKUP, trial(age_days, ok=ok, detail="9 users; the key is in <b>it"))
    answer = await owner.get("/backups")
    assert words in Page(answer).text
    assert "the key is in" in Page(answer).text
    assert "<b>" not in answer.text.split("<main")[1]
    said = (await owner.get("/json/backups")).json()
    assert said["last_drill"]["is_ok"] is ok
    assert [line["kind"] for line in said["backups"]] == ["nightly"]


async def test_a_trial_is_no_backup(owner: Owner, appliance: Appliance) -> None:
    tell(appliance, trial(1, ok=True, detail=""))
    assert "No program has told this node of a backup." in Page(await owner.get("/backups")).text
    assert "no program has told this node of a backup" in Page(await owner.get("/admin")).text
