"""The page with the code to scan, which looks again every few seconds until there is an answer.

Looking is what finishes: the act itself was the person's, on the phone, and only the browser that
asked gets here. So these pages change something behind GET, and no others do.
"""

from dataclasses import dataclass

from quart import Response, abort, make_response, request

from dashboard.doors.logins import LoginAttempt
from dashboard.page_context import Frame, render
from dashboard.parts import Parts
from dashboard.sign_in import Purpose, Scan

REFRESH_S = 3


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """The code. `reaches_phones` is False when the answer finds us on this machine only."""

    purpose: Purpose
    link: str
    host: str
    shown_host: str
    minutes_left: int
    again: str
    is_calm: bool
    reaches_phones: bool
    relay_host: str | None


@dataclass(frozen=True, slots=True)
class OverPage:
    """Nothing is waited for any more; `was_refused` when too much nonsense came."""

    was_refused: bool
    again: str


async def waiting_page(parts: Parts, around: Frame, scan: Scan, attempt: LoginAttempt) -> Response:
    """The page for an attempt that is still pending."""
    if attempt.link is None:
        abort(409, "This code was used meanwhile.")
    is_calm = "calm" in request.args
    relay = parts.scanning.relay
    host = parts.origin.text.partition("://")[2]
    content = WaitingPage(
        purpose=scan.purpose,
        link=attempt.link,
        host=host,
        shown_host=host.replace(":", "_"),  # as paths in links have it (document 17.3)
        minutes_left=max(1, round((scan.expires_at - around.now_s) / 60)),
        again=request.path,
        is_calm=is_calm,
        reaches_phones=reaches_phones(parts),
        relay_host=None if relay is None else parts.scanning.relay_url.split("/")[2],
    )
    response = await _response(await render("login/waiting.html", around, content), 200)
    if not is_calm:
        # A header in place of a meta element, so that the calm form of the page is the same page.
        response.headers["Refresh"] = f"{REFRESH_S};url={request.path}"
    return response


async def over_page(around: Frame, again: str, *, was_refused: bool) -> Response:
    """The page after the time was up, or after too much nonsense."""
    content = OverPage(was_refused, again)
    return await _response(await render("login/over.html", around, content), 410)


def reaches_phones(parts: Parts) -> bool:
    """Whether the answer of a phone can find its way here."""
    return parts.scanning.relay is not None or not parts.origin.is_loopback


async def _response(body: str, status: int) -> Response:
    response = await make_response(body, status)
    if not isinstance(response, Response):
        raise TypeError("Quart made something else than a response")
    return response
