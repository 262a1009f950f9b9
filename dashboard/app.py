"""Builds the dashboard from its settings: the doors, hooks, templates and page families."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import StrictUndefined
from quart import Quart

from dashboard import assets, clock, errors, hooks, packet_relay, raw, relay_inbox, wording
from dashboard.addresses import (
    own_address,
    own_raw_address,
    page_address,
    page_of_pubky_address,
    raw_address,
)
from dashboard.doors.admin import AdminDoor
from dashboard.doors.client import ClientDoor
from dashboard.doors.indexer import IndexerDoor
from dashboard.doors.logins import LoginDoor
from dashboard.doors.packets import PacketDoor
from dashboard.doors.relay import RelayDoor
from dashboard.doors.tenant import TenantDoors
from dashboard.drawings import charts, svg, usage
from dashboard.guard import Origin
from dashboard.jobs.jobs import Jobs
from dashboard.jobs.places import Places
from dashboard.life.names import Names
from dashboard.page_context import name_of
from dashboard.pages import (
    account,
    break_glass,
    connect,
    exporting,
    importing,
    invites,
    jobs,
    join,
    login,
    objects,
    overview,
    scan,
    setup,
    users,
)
from dashboard.pages.life import family as life
from dashboard.pages.machine import configuration, fleet, health, records
from dashboard.pages.own import (
    access,
    activity,
    deletions,
    editing,
    folders,
    home,
    integrity,
    move_acts,
    moving,
    searching,
    storage,
    then,
    trash,
    uploads,
    visibility,
)
from dashboard.pages.own import objects as own_objects
from dashboard.parts import Parts, Scanning
from dashboard.preview.media_types import preview_kind
from dashboard.routes import RouteTable
from dashboard.scanning import INBOX
from dashboard.sign_in import Scans, SignIns
from dashboard.visitors import Turns

logger = logging.getLogger("dashboard")

_HERE = Path(__file__).parent
_TIDY_EVERY_S = 60
_FAMILIES = (
    join,
    login,
    scan,
    setup,
    connect,
    account,
    overview,
    users,
    break_glass,
    invites,
    objects,
    home,
    folders,
    own_objects,
    uploads,
    deletions,
    trash,
    then,
    access,
    activity,
    storage,
    searching,
    integrity,
    visibility,
    editing,
    moving,
    move_acts,
    health,
    records,
    configuration,
    fleet,
    life,
    exporting,
    importing,
    jobs,
)


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """Where the pages are, where the two doors are, and the file of this dashboard's sign-ins.

    `operators` are the keys that run the node beside a claimed one. `login_relay` is a stranger's
    relay for answers to sign-in links, `login_link` what they ask for: `signin` or `grant`.
    `indexer_url` is a stranger's index of people, or empty.
    """

    origin: str
    client_url: str
    admin_url: str
    admin_token: str
    store_path: Path
    operators: tuple[str, ...] = ()
    login_relay: str = ""
    login_link: str = "signin"
    indexer_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    pkarr_relay_url: str = ""
    import_limit_bytes: int = 16 * 1024**3


def create_app(settings: DashboardSettings, *, now_s: Callable[[], float] = clock.now_s) -> Quart:
    """The dashboard as an ASGI application; it must be run with its lifespan.

    Raises `ValueError` when the origin is not one that a browser would protect.
    """
    app = Quart("dashboard", root_path=str(_HERE), static_folder=None)
    # The hooks look at each route's own limit.
    app.config["MAX_CONTENT_LENGTH"] = None
    app.jinja_options = {
        "autoescape": True,
        "undefined": StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
    }
    app.url_map.merge_slashes = False  # `//` in a path is not ours to repair
    # What outlives a request only waits: at strangers' relays, for the next minute.
    app.config["BACKGROUND_TASK_SHUTDOWN_TIMEOUT"] = 0
    files = assets.load(_HERE / "static", _HERE / "static" / "build")
    parts = _parts(settings, files, now_s)
    table = RouteTable(app)
    app.extensions["route_table"] = table
    _teach_templates(app, files, parts)
    hooks.register(app, table, parts)
    _add_lifespan(app, settings.store_path, parts)
    errors.register(app, table, parts)
    assets.routes(table, files)
    raw.routes(table, parts)
    relay_inbox.routes(table, parts)
    packet_relay.routes(table, parts)
    for family in _FAMILIES:
        family.routes(table, parts)
    return app


def _parts(
    settings: DashboardSettings, files: dict[str, assets.Asset], now_s: Callable[[], float]
) -> Parts:
    origin = Origin.parse(settings.origin)
    relay = settings.login_relay.rstrip("/")
    admin = AdminDoor(settings.admin_url, settings.admin_token)
    return Parts(
        origin=origin,
        admin=admin,
        logins=LoginDoor(settings.admin_url, settings.admin_token),
        client=ClientDoor(settings.client_url),
        packets=PacketDoor(settings.pkarr_relay_url) if settings.pkarr_relay_url else None,
        tenants=TenantDoors(settings.client_url),
        client_url=settings.client_url.rstrip("/"),
        files=files,
        scanning=Scanning(
            relay_url=relay or f"{origin.text}{INBOX}",
            relay=RelayDoor(relay) if relay else None,
            link_kind=settings.login_link,
            scans=Scans(now_s),
        ),
        operators=settings.operators,
        trusted_proxies=settings.trusted_proxies,
        deliveries=Turns(relay_inbox.TURNS_A_MINUTE, 60, now_s),
        names=Names(admin.names, now_s),
        now_s=now_s,
        import_limit_bytes=settings.import_limit_bytes,
        places=Places(now_s),
        indexer=IndexerDoor(settings.indexer_url) if settings.indexer_url else None,
    )


def _teach_templates(app: Quart, files: dict[str, assets.Asset], parts: Parts) -> None:
    app.jinja_env.filters.update(
        size=wording.size,
        number=wording.number,
        plural=wording.plural,
        duration=wording.duration,
        absolute=wording.absolute,
        day=wording.day,
        short_key=wording.short_key,
        visible_name=wording.visible_name,
        visible_text=wording.visible_text,
        preview_kind=preview_kind,
        relative=lambda moment: wording.relative(moment, parts.now_s()),
    )
    app.jinja_env.globals.update(
        static_url=lambda name: files[name].address,
        icon=svg.icon,
        icon_of=svg.icon_of,
        symbols=svg.symbols,
        identicon=svg.identicon,
        name_of=name_of,
        qr_code=svg.qr_code,
        treemap=usage.treemap,
        sparkline=charts.sparkline,
        growth=usage.growth,
        days_strip=usage.days_strip,
        own_address=own_address,
        own_raw_address=own_raw_address,
        page_address=page_address,
        page_of_pubky_address=page_of_pubky_address,
        raw_address=raw_address,
    )


def _add_lifespan(app: Quart, store_path: Path, parts: Parts) -> None:
    @app.before_serving
    async def open_store() -> None:
        parts.opened_sign_ins = await SignIns.open(store_path, parts.now_s)
        jobs_folder = store_path.with_name(f"{store_path.stem}-jobs")
        parts.opened_jobs = Jobs.open(jobs_folder, parts.now_s, app.add_background_task)
        app.add_background_task(_tidy, parts)

    @app.after_serving
    async def close_doors() -> None:
        await parts.close()


async def _tidy(parts: Parts) -> None:
    """End what people lent to sign-ins that ended by themselves, and drop forgotten uploads."""
    while True:
        try:
            await parts.sign_ins.forget_ended()
            await connect.end_left_over(parts)
            parts.jobs.tidy()
        except Exception:
            logger.exception("tidying up failed")
        await asyncio.sleep(_TIDY_EVERY_S)
