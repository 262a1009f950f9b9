"""Texts of points in time: HTTP dates (RFC 9110 5.6.7) and RFC 3339.

Names of days and months come from fixed English tables because `strftime` follows the locale.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

US_PER_SECOND = 1_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})"
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_FORMS = (
    # IMF-fixdate
    re.compile(
        rf"(?:{'|'.join(_DAYS)}), (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT"
    ),
    # RFC 850
    re.compile(
        r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, "
        rf"(?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT"
    ),
    # asctime
    re.compile(
        rf"(?:{'|'.join(_DAYS)}) {_MONTH} (?P<day>[0-9]{{2}}| [0-9]) {_TIME} (?P<year>[0-9]{{4}})"
    ),
)


def http_date(us: int) -> str:
    """IMF-fixdate of microseconds since the Unix epoch, floored to the second."""
    return _http_date_of_second(us // US_PER_SECOND)


# Every answer says the present second, and mostly when one of a few files changed.
@lru_cache(maxsize=1024)
def _http_date_of_second(seconds: int) -> str:
    at = _EPOCH + timedelta(seconds=seconds)
    return (
        f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year:04} "
        f"{at.hour:02}:{at.minute:02}:{at.second:02} GMT"
    )


def parse_http_date(text: str) -> int | None:
    """Whole seconds since the Unix epoch, or None for anything but the three forms of HTTP.

    The name of the day is not compared with the date.
    """
    for form in _FORMS:
        match = form.fullmatch(text)
        if match is None:
            continue
        year = int(match["year"])
        if len(match["year"]) == 2:
            # Without a clock RFC 9110's fifty-year window cannot be applied; nothing a server
            # dates is older than the epoch, so two digits mean 1970 to 2069.
            year += 1900 if year >= 70 else 2000
        try:
            at = datetime(
                year,
                _MONTHS.index(match["month"]) + 1,
                int(match["day"]),
                int(match["hour"]),
                int(match["minute"]),
                int(match["second"]),
                tzinfo=UTC,
            )
        except ValueError:  # the thirty-first of February
            return None
        return (at - _EPOCH) // timedelta(seconds=1)
    return None


def rfc3339(us: int) -> str:
    """Microseconds since the Unix epoch as `2026-01-31T12:34:56.789012+00:00` (client API 15)."""
    return (_EPOCH + timedelta(microseconds=us)).isoformat(timespec="microseconds")
