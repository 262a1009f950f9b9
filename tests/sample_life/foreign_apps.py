"""What apps keep that the pages know nothing of: a calendar, payments, a site, a store, notes."""

from collections.abc import Iterator
from datetime import UTC, datetime

from dashboard.kinds import ids
from tests.sample_life import people, phrases, pictures, v0
from tests.sample_life.acts import DAY_US, END_US, START_US, Act, moment_us
from tests.sample_life.chance import Chance
from tests.sample_life.v0 import dumped

# When Ada took these apps their rights, or let them run out.
COUNTER_ENDS_US = moment_us(2026, 11, 1, 9)
PAYMENTS_END_US = moment_us(2026, 8, 1)
KEYS = 5000
NOTES = 24
EVENTS = 40
_PAGES = ("index.html", "about.html", "garden/index.html", "radio/log.html")
_STYLE = b"body{font:1.1em/1.5 serif;margin:2em auto;max-width:40em;color:#233}a{color:#174}\n"


def all_apps(owner: str) -> Iterator[Act]:
    """Everything of all of them, in no particular order."""
    yield from calendar(owner)
    yield from payments()
    yield from site()
    yield from key_value_store()
    yield from notes()


def calendar(owner: str) -> Iterator[Act]:
    """Three calendars, their events, and to which of other people's Ada goes."""
    root = "/pub/eventky.app"
    chance = Chance("Ada's calendar")
    calendars = []
    for at_us, name in zip(
        chance.moments(3, START_US, START_US + 30 * DAY_US),
        ("Garden", "Radio", "Family"),
        strict=True,
    ):
        calendars.append(f"{root}/calendars/{ids.timestamp_id(at_us)}")
        about = {"name": name, "color": "#3c8d40", "timezone": "Europe/Berlin", "created": at_us}
        yield Act(at_us, "PUT", calendars[-1], dumped(about))
    for at_us in chance.moments(EVENTS, START_US + 31 * DAY_US, END_US):
        begins = datetime.fromtimestamp((at_us + 9 * DAY_US) // 1_000_000, UTC)
        members: dict[str, object] = {
            "uid": f"{at_us}@eventky.example",
            "summary": phrases.sentence(chance)[:80],
            "dtstart": begins.strftime("%Y-%m-%dT%H:00:00Z"),
            "status": chance.pick(("CONFIRMED", "TENTATIVE", "CANCELLED")),
            "x_pubky_calendar_uris": [v0.uri(owner, chance.pick(calendars))],
        }
        yield Act(at_us, "PUT", f"{root}/events/{ids.timestamp_id(at_us)}", dumped(members))
    for at_us in chance.moments(25, START_US + 31 * DAY_US, END_US):
        event = f"{root}/events/{ids.timestamp_id(at_us - DAY_US)}"
        target = v0.uri(people.stranger(chance.below(60)), event)
        answer = {"partstat": chance.pick(("ACCEPTED", "DECLINED")), "x_pubky_event_uri": target}
        yield Act(at_us, "PUT", f"{root}/attendees/{ids.text_hash_id(target)}", dumped(answer))


def payments() -> Iterator[Act]:
    """Where money may be sent; the addresses belong to nobody."""
    chance = Chance("Ada's payments")
    endpoints = ("lightning", "onchain", "bolt12", "cash")
    for at_us in chance.moments(12, START_US + DAY_US, PAYMENTS_END_US):
        endpoint = chance.pick(endpoints)
        value = {"endpoint": endpoint, "value": f"example-{chance.below(1 << 40):010x}"}
        yield Act(at_us, "PUT", f"/pub/paykit.app/v0/{endpoint}", dumped(value))


def site() -> Iterator[Act]:
    """A small web site of her own, which is changed now and then."""
    root = "/pub/site"
    chance = Chance("Ada's site")
    begin_us = START_US + 40 * DAY_US
    fixed = {
        "style.css": _STYLE,
        "favicon.svg": pictures.svg(1),
        "robots.txt": b"User-agent: *\nAllow: /\n",
        "feed.xml": b'<rss version="2.0"><channel><title>Ada</title></channel></rss>',
        "photos/aurora.avif": pictures.avif(),
        "photos/hill.webp": pictures.webp(),
        "photos/pier.jpg": pictures.jpeg("the pier"),
        "photos/bar.gif": pictures.animation(),
        "photos/garden.png": pictures.landscape(2000),
    }
    for number, (name, body) in enumerate(fixed.items()):
        yield Act(begin_us + number * 1_000_000, "PUT", f"{root}/{name}", body)
    for page in _PAGES:
        for at_us in chance.moments(chance.between(2, 9), begin_us, END_US):
            yield Act(at_us, "PUT", f"{root}/{page}", _page(chance, page))
    draft_us = END_US - 6 * DAY_US
    yield Act(draft_us, "PUT", f"{root}/draft.html", _page(chance, "draft.html"))
    yield Act(draft_us + DAY_US, "DEL", f"{root}/draft.html")


def _page(chance: Chance, name: str) -> bytes:
    text = "".join(f"<p>{phrases.sentence(chance)}</p>\n" for _ in range(chance.between(3, 8)))
    up = "../" * name.count("/")
    head = f'<!DOCTYPE html><meta charset="utf-8"><title>{name}</title>'
    return f'{head}<link rel="stylesheet" href="{up}style.css">\n{text}'.encode()


def key_value_store() -> Iterator[Act]:
    """Five thousand tiny keys in one folder."""
    chance = Chance("Ada's counters")
    moments = chance.moments(KEYS, START_US + 60 * DAY_US, COUNTER_ENDS_US - DAY_US)
    for number, at_us in enumerate(moments):
        body = str(chance.below(10 ** chance.between(1, 9))).encode()
        yield Act(at_us, "PUT", f"/pub/counter.example/k/{number:04x}", body)


def notes() -> Iterator[Act]:
    """Private notes in Markdown, some with earlier versions, one thrown away."""
    chance = Chance("Ada's notes")
    for number in range(NOTES):
        path = f"/priv/notes/{chance.pick(phrases.LABELS[:30])}-{number:02}.md"
        for at_us in chance.moments(chance.between(1, 6), START_US + 5 * DAY_US, END_US - DAY_US):
            text = f"# {phrases.title(chance)}\n\n{phrases.article(chance)}\n"
            yield Act(at_us, "PUT", path, text.encode())
    scrap_us = END_US - 3 * DAY_US
    yield Act(scrap_us, "PUT", "/priv/notes/scrap.md", b"Buy seeds. Call the harbour office.\n")
    yield Act(scrap_us + DAY_US, "DEL", "/priv/notes/scrap.md")
