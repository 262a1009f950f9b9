"""What the node remembers beside the files: invites, attempts to publish, acts of operators."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.metadata import audit, publications, quotas, signup_tokens, users
from appliance.metadata.publications import Outcome, Publication
from appliance.metadata.quotas import QuotaColumns
from appliance.metadata.store import Tx
from appliance.pubky.signup_tokens import TOKEN_BYTES, signup_token
from tests.sample_life import bo, dee, hostile, people
from tests.sample_life.acts import DAY_US, END_US, HOUR_US, START_US, moment_us
from tests.sample_life.chance import Chance
from tests.sample_life.lives import LIVES
from tests.sample_life.people import Name

INVITES = {"used": 10, "revoked": 8, "expired": 10, "unused": 12}
SAMPLE_DAYS = 14
GAP_US = (moment_us(2026, 11, 12, 1), moment_us(2026, 11, 12, 7))
"""Six hours in which the node was cut off and published nothing."""
_OWN_SAMPLES_KEPT = 500
_USER_SAMPLES_KEPT = 50
_NOTES = (
    "Erin, from the radio club",
    "For the reading group",
    "Lost phone",
    "سارة من السوق",
    "庭の友だち",
    "Für Jürgen 🌱",
    hostile.FORMULAS[0],
    "<b>press</b>",
    None,
)


@dataclass(frozen=True, slots=True)
class Invite:
    """One invite and what became of it."""

    text: str
    note: str | None
    created_us: int
    expires_us: int | None = None
    revoked_us: int | None = None
    used_by: str | None = None
    used_us: int | None = None
    quota_mb: int | None = None


def invites() -> list[Invite]:
    """Forty invites, oldest first: those of people here, and of some whose accounts are gone."""
    chance = Chance("invites")
    made: list[Invite] = []
    here: list[Name] = ["bo", "cy", "dee", "mallory"]
    for name in here:
        used_us = LIVES[name].joined_us
        quota_mb = bo.QUOTA_MB if name == "bo" else None
        made.append(
            Invite(
                _code(len(made)),
                f"For {name.capitalize()}",
                used_us - 2 * DAY_US,
                used_by=people.key(name),
                used_us=used_us,
                quota_mb=quota_mb,
            )
        )
    for number in range(INVITES["used"] - len(here)):
        at_us = START_US + (30 + 60 * number) * DAY_US
        whom, used_us = people.stranger(3000 + number), at_us + DAY_US
        made.append(Invite(_code(len(made)), None, at_us, used_by=whom, used_us=used_us))
    for state in ("revoked", "expired", "unused"):
        for at_us in chance.moments(INVITES[state], END_US - 60 * DAY_US, END_US - 9 * DAY_US):
            lasts_us = {"revoked": 90, "expired": 7, "unused": 120}[state] * DAY_US
            ends = state == "expired" or chance.happens(50)
            made.append(
                Invite(
                    _code(len(made)),
                    chance.pick(_NOTES),
                    at_us,
                    expires_us=at_us + lasts_us if ends else None,
                    revoked_us=at_us + 3 * HOUR_US if state == "revoked" else None,
                    quota_mb=chance.pick((None, None, 20, 200)),
                )
            )
    return sorted(made, key=lambda invite: invite.created_us)


def _code(number: int) -> str:
    return signup_token(hashlib.sha256(f"invite {number}".encode()).digest()[:TOKEN_BYTES])


def write_invites(tx: Tx) -> None:
    """Transaction: all invites with their ends; raises ValueError when they are there already."""
    if signup_tokens.find(tx, _code(0)):
        raise ValueError("this node was filled before")
    for invite in invites():
        made = signup_tokens.create(
            tx, invite.text, invite.note, invite.expires_us, invite.created_us
        )
        if invite.quota_mb is not None:
            quotas.set_of_token(tx, made.id, QuotaColumns(storage_mb=invite.quota_mb))
        if invite.revoked_us is not None:
            signup_tokens.revoke(tx, made.id, invite.revoked_us)
        if invite.used_by is not None and invite.used_us is not None:
            signup_tokens.consume(tx, invite.text, invite.used_by, invite.used_us)


def samples(homeserver: str, names: Sequence[Name]) -> list[Publication]:
    """Fourteen days of publishing: the node's own packet every hour, people's every four."""
    chance = Chance("publications")
    made: list[Publication] = []
    for hour in range(SAMPLE_DAYS * 24):
        at_us = END_US - SAMPLE_DAYS * DAY_US + hour * HOUR_US + chance.below(50) * 1_000_000
        if GAP_US[0] <= at_us < GAP_US[1]:
            continue
        made.append(_sample(chance, homeserver, at_us, may_fail=True))
        if hour % 4 == 0:
            made += (
                _sample(chance, people.key(name), at_us + number * 7_000_000, may_fail=False)
                for number, name in enumerate(names)
                if LIVES[name].joined_us < at_us
            )
    return made


def _sample(chance: Chance, key: str, at_us: int, *, may_fail: bool) -> Publication:
    queried = chance.between(48, 90)
    if may_fail and chance.happens(2):
        detail = "no DHT node stored it"
        return Publication(key, at_us, "dht", "failed", 0, queried, detail)
    outcome: Outcome = "published"
    return Publication(key, at_us, "dht", outcome, chance.between(17, 20), queried, "")


def write_samples(tx: Tx, homeserver: str, names: Sequence[Name]) -> None:
    """Transaction: what became of every attempt to publish."""
    for sample in samples(homeserver, names):
        kept = _OWN_SAMPLES_KEPT if sample.public_key == homeserver else _USER_SAMPLES_KEPT
        publications.append(tx, sample, kept)


def write_acts_of_operators(tx: Tx, names: Sequence[Name]) -> None:
    """Transaction: Dee is disabled, and the audit log says so among other things."""
    noted = [(invite.created_us, "invites.create", "", "200") for invite in invites()]
    noted.append((dee.DISABLED_US - HOUR_US, "moderation.disable", people.key("nobody"), "404"))
    noted.append((dee.DISABLED_US, "moderation.disable", people.key("dee"), "200"))
    for at_us, action, subject, outcome in sorted(noted):
        audit.append(tx, at_us, "dashboard", action, subject, outcome)
    if "dee" in names:
        users.set_disabled(tx, people.key("dee"), disabled=True)
