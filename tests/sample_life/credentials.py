"""What people allowed apps to do: grants and cookies, in every state, and who wrote which file."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from appliance.metadata import grants, sessions
from appliance.metadata.events import Author
from appliance.metadata.grants import GrantTerms
from appliance.metadata.store import Tx
from appliance.pubky.grants import random_id
from tests.sample_life import foreign_apps, hostile, people
from tests.sample_life.acts import DAY_US, END_US, HOUR_US, START_US, US_PER_SECOND, moment_us
from tests.sample_life.lives import LIVES
from tests.sample_life.people import Name

_YEAR_US = 365 * DAY_US
_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
_PHONE = "Mozilla/5.0 (Linux; Android 16; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0"


@dataclass(frozen=True, slots=True)
class Allowed:
    """One grant; `used_us` None: never used. `device` tells apart the keys of one app.

    `writes` is the beginning of the paths that the app writes to.
    """

    client_id: str
    capabilities: str
    issued_us: int
    expires_us: int
    device: str = "browser"
    used_us: int | None = None
    revoked_us: int | None = None
    writes: str = "-"


@dataclass(frozen=True, slots=True)
class Cookie:
    """One session of an older app."""

    created_us: int
    used_us: int
    agent: str
    capabilities: str = "/:rw"
    writes: str = "-"


ADAS_GRANTS = (
    Allowed(
        "pubky.app", "/:rw", START_US, START_US + 2 * _YEAR_US, used_us=END_US - HOUR_US, writes="/"
    ),
    Allowed(
        "paykit.app",
        "/pub/paykit.app/:rw",
        START_US + DAY_US,
        foreign_apps.PAYMENTS_END_US,
        used_us=foreign_apps.PAYMENTS_END_US - 4 * DAY_US,
        writes="/pub/paykit.app/",
    ),
    Allowed(
        "counter.example",
        "/pub/counter.example/:rw",
        START_US + 59 * DAY_US,
        START_US + 59 * DAY_US + 2 * _YEAR_US,
        used_us=foreign_apps.COUNTER_ENDS_US - HOUR_US,
        revoked_us=foreign_apps.COUNTER_ENDS_US,
        writes="/pub/counter.example/",
    ),
    Allowed(
        "photo-frame.example",
        "/pub/pubky.app/:r",
        moment_us(2026, 6, 24, 20),
        moment_us(2026, 6, 24, 20) + 2 * _YEAR_US,
        device="the frame in the kitchen",
    ),
    Allowed(
        "eventky.app",
        "/pub/eventky.app/:rw",
        START_US,
        START_US + 2 * _YEAR_US,
        used_us=END_US - 30 * HOUR_US,
        writes="/pub/eventky.app/",
    ),
    Allowed(
        "eventky.app",
        "/pub/eventky.app/:rw",
        moment_us(2026, 9, 2, 7),
        moment_us(2026, 9, 2, 7) + 2 * _YEAR_US,
        device="phone",
        used_us=END_US - 3 * HOUR_US,
        writes="/pub/eventky.app/events/",
    ),
)
"""One that may do everything, one that ran out, one that was ended, one that was never used, and
two installations of one app."""

ADAS_COOKIES = (
    Cookie(moment_us(2026, 3, 2, 18), END_US - 26 * HOUR_US, _FIREFOX, writes="/pub/site/"),
    Cookie(moment_us(2026, 10, 30, 7), END_US - 2 * HOUR_US, _PHONE, writes="/priv/notes/"),
)

Authors = Callable[[str, int], Author]
"""Who wrote to a path at a moment."""


def _grants_of(name: Name) -> tuple[Allowed, ...]:
    joined_us = LIVES[name].joined_us
    if name == "ada":
        return ADAS_GRANTS
    if name == "bo":
        scope = "/pub/pubky.app/:rw"
        used_us = END_US - 5 * DAY_US
        ends_us = joined_us + _YEAR_US
        writes = "/pub/pubky.app/"
        return (Allowed("pubky.app", scope, joined_us, ends_us, used_us=used_us, writes=writes),)
    if name == "mallory":
        return tuple(
            Allowed(
                client_id, "/pub/evil.example/:rw", joined_us, joined_us + _YEAR_US, str(number)
            )
            for number, client_id in enumerate(hostile.lookalike_client_ids())
        )
    return ()


def _cookies_of(name: Name) -> tuple[Cookie, ...]:
    if name == "ada":
        return ADAS_COOKIES
    joined_us = LIVES[name].joined_us
    return (Cookie(joined_us, joined_us + HOUR_US, _FIREFOX, writes="/"),)


def give(tx: Tx, name: Name, user_id: int) -> Authors:
    """Make everything that one person signed, and tell who writes where."""
    writers: list[tuple[str, int, int, Author]] = []
    for number, allowed in enumerate(_grants_of(name)):
        author = Author(grant_id=_grant(tx, name, user_id, number, allowed))
        until_us = min(allowed.expires_us, allowed.revoked_us or allowed.expires_us)
        writers.append((allowed.writes, allowed.issued_us, until_us, author))
    for cookie in _cookies_of(name):
        author = Author(session_id=_session(tx, user_id, cookie))
        writers.append((cookie.writes, cookie.created_us, END_US, author))
    # The longest path that fits tells most.
    writers.sort(key=lambda writer: len(writer[0]), reverse=True)
    fallback = next(author for path, *_, author in writers if path == "/")

    def author_of(path: str, at_us: int) -> Author:
        fitting = (
            author
            for start, since_us, until_us, author in writers
            if path.startswith(start) and since_us <= at_us < until_us
        )
        return next(fitting, fallback)

    return author_of


def _grant(tx: Tx, name: Name, user_id: int, number: int, allowed: Allowed) -> int:
    jti = random_id(hashlib.sha256(f"grant {name} {number}".encode()).digest()[:16])
    terms = GrantTerms(
        jti,
        allowed.client_id,
        # The key of an installation; a thousand real ones would take a while to make.
        people.key(f"{allowed.client_id} of {name}, {allowed.device}"),
        allowed.capabilities,
        allowed.issued_us // US_PER_SECOND,
        allowed.expires_us // US_PER_SECOND,
    )
    grants.create(tx, user_id, terms, allowed.issued_us)
    found = grants.find(tx, people.key(name), jti)
    if found is None:
        raise LookupError("a grant was not stored")
    if allowed.used_us is not None:
        grants.stamp_use(tx, found.id, allowed.used_us)
    if allowed.revoked_us is not None:
        grants.revoke(tx, found.id, allowed.revoked_us)
    return found.id


def _session(tx: Tx, user_id: int, cookie: Cookie) -> int:
    # Nobody knows the secret: the hash is chance.
    secret_hash = secrets.token_bytes(32)
    sessions.create(
        tx,
        secret_hash,
        user_id,
        cookie.capabilities,
        cookie.agent,
        "https://pubky.app",
        cookie.created_us + _YEAR_US,
        cookie.created_us,
    )
    found = sessions.find(tx, secret_hash, cookie.created_us)
    if found is None:
        raise LookupError("a session was not stored")
    sessions.stamp_use(tx, found.id, cookie.used_us)
    return found.id
