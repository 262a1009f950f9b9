"""Asking somebody to scan a code: begin, wait, take the answer, from our relay or a stranger's."""

import asyncio
import hashlib
from contextlib import suppress

from quart import current_app

from dashboard.doors.answers import DoorError
from dashboard.doors.logins import Approval, LoginAttempt, LoginWish
from dashboard.parts import Parts
from dashboard.sign_in import Purpose, Scan

INBOX = "/relay/inbox"
_FAILURES_BEFORE_PAUSE = (1, 2, 4)


def browser_of_cookie(secret: str) -> str:
    """How a browser that is not signed in yet is bound to its scan."""
    return f"cookie:{hashlib.sha256(secret.encode('utf-8', 'surrogatepass')).hexdigest()}"


def browser_of_sign_in(sign_in_id: int) -> str:
    """How a browser that is signed in is bound to its scan."""
    return f"sign-in:{sign_in_id}"


def source_of(parts: Parts) -> str:
    """What wallets show as the name of who asks: with our address, for whoever is being fooled."""
    return f"Pubky node {parts.origin.text.partition('://')[2]}"


async def begin(
    parts: Parts,
    browser: str,
    purpose: Purpose,
    back: str,
    *,
    capabilities: str = "",
    address: str = "",
) -> None:
    """Begin a scan in place of the one that this browser waited for until now.

    `address` is a stranger's and counts against their limit. Raises `DoorError`.
    """
    await give_up(parts, browser)
    scanning = parts.scanning
    attempt = await parts.logins.start(
        LoginWish(
            origin=parts.origin.text,
            relay=scanning.relay_url,
            source=source_of(parts),
            # A grant could not be spent for a session.
            link_kind="signin" if capabilities else scanning.link_kind,
            capabilities=capabilities,
            address=address,
        )
    )
    scan = Scan(
        attempt_id=attempt.id,
        channel_id=attempt.channel_id,
        browser=browser,
        purpose=purpose,
        back=back,
        capabilities=capabilities,
        expires_at=attempt.expires_at.timestamp(),
    )
    scanning.scans.put(scan)
    if scanning.relay is not None:
        current_app.add_background_task(fetch_answer, parts, scan)


async def give_up(parts: Parts, browser: str) -> None:
    """Wait no longer."""
    earlier = parts.scanning.scans.drop(browser)
    if earlier is not None:
        with suppress(DoorError):  # it ends by itself in a few minutes
            await parts.logins.cancel(earlier.attempt_id)


async def look(parts: Parts, browser: str) -> tuple[Scan, LoginAttempt] | None:
    """What a browser waits for, with its state at the node; None when that is over."""
    scan = parts.scanning.scans.find(browser)
    if scan is None:
        return None
    attempt = await parts.logins.find(scan.attempt_id)
    if attempt is None:
        parts.scanning.scans.drop(browser)  # the node was started again meanwhile
        return None
    return scan, attempt


async def take(parts: Parts, scan: Scan) -> Approval | None:
    """Use an approval up: of many that ask, one gets it."""
    parts.scanning.scans.drop(scan.browser)
    return await parts.logins.consume(scan.attempt_id)


async def fetch_answer(parts: Parts, scan: Scan) -> None:
    """Ask a stranger's relay until the answer is there, or nobody waits for it any more."""
    relay, failures = parts.scanning.relay, 0
    while relay is not None and parts.scanning.scans.find(scan.browser) == scan:
        try:
            body = await relay.wait(scan.channel_id)
            if body is not None:
                await parts.logins.deliver(scan.channel_id, body)
                await relay.acknowledge(scan.channel_id)
                attempt = await parts.logins.find(scan.attempt_id)
                if attempt is None or attempt.state != "pending":
                    return
            failures = 0
        except DoorError:
            pause_s = _FAILURES_BEFORE_PAUSE[min(failures, len(_FAILURES_BEFORE_PAUSE) - 1)]
            failures += 1
            await asyncio.sleep(pause_s)
