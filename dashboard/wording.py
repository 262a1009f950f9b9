"""How numbers, times, keys and strangers' text read on a page. Registered as Jinja filters."""

import unicodedata
from datetime import UTC, datetime

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_STEPS = (
    (60, 1, "second"),
    (3600, 60, "minute"),
    (86_400, 3600, "hour"),
    (86_400 * 31, 86_400, "day"),
    (86_400 * 365, 86_400 * 30, "month"),
)
_YEAR_S = 86_400 * 365
# Joiners shape emoji and several scripts; in running text they are wanted, in a name they can hide.
_JOINERS = "\u200c\u200d"
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def size(count: int) -> str:
    """Bytes in decimal units with one decimal place: `1.4 MB`."""
    amount = float(count)
    for unit in _UNITS:
        rounded = round(amount, 1)
        if rounded < 1000 or unit == _UNITS[-1]:
            return f"{count} B" if unit == "B" else f"{rounded:.1f} {unit}"
        amount /= 1000
    raise AssertionError("the last unit always answers")


def number(count: int) -> str:
    """A whole number in groups of three."""
    return f"{count:,}"


def plural(count: int, noun: str) -> str:
    """`1 user`, `12,418 users`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def duration(seconds: float) -> str:
    """A length of time in its largest sensible unit: `3 days`."""
    whole = max(0, int(seconds))
    for limit, unit_s, name in _STEPS:
        if whole < limit:
            return plural(whole // unit_s, name)
    return plural(whole // _YEAR_S, "year")


def relative(moment: datetime, now_s: float) -> str:
    """How long ago, or in how long: `3 days ago`, `in 2 hours`, `just now`."""
    past_s = now_s - moment.timestamp()
    if abs(past_s) < 5:
        return "just now"
    return f"{duration(past_s)} ago" if past_s > 0 else f"in {duration(-past_s)}"


def absolute(moment: datetime) -> str:
    """The moment in full, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def day(moment: datetime) -> str:
    """The date alone, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d")


def short_key(public_key: str) -> str:
    """Enough of a key to tell two apart: `8um71us3…cwd1dty`."""
    return f"{public_key[:8]}…{public_key[-7:]}"


def visible_name(text: str) -> str:
    """A name on one line with control, direction and invisible characters written out."""
    return "".join(_spelled(character, keep="") for character in text)


def visible_text(text: str) -> str:
    """Running text: line breaks, tabs and joiners stay, the rest is written out."""
    return "".join(_spelled(character, keep="\n\t" + _JOINERS) for character in text)


def _spelled(character: str, keep: str) -> str:
    if character in keep or unicodedata.category(character) not in _INVISIBLE:
        return character
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)  # Unicode's own pictures of the control characters
    return f"⟨U+{code:04X}⟩"
