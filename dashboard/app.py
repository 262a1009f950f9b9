"""Builds the dashboard from its settings: the doors, hooks, templates and page families."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import StrictUndefined
from quart import Quart

from dashboard import assets, clock, errors, hooks, raw, wording
from dashboard.addresses import page_address, page_of_pubky_address, raw_address
from dashboard.doors.admin import AdminDoor
from dashboard.doors.client import ClientDoor
from dashboard.drawings import svg
from dashboard.guard import Origin
from dashboard.pages import account, invites, login, objects, overview, users
from dashboard.parts import Parts
from dashboard.preview.media_types import preview_kind
from dashboard.routes import RouteTable
from dashboard.sign_in import SignIns

_HERE = Path(__file__).parent
# Forms carry a note and a choice; a larger body is not one of ours.
_MAX_FORM_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """Where the pages are, where the two doors are, and the file of this dashboard's sign-ins."""

    origin: str
    client_url: str
    admin_url: str
    admin_token: str
    store_path: Path


def create_app(settings: DashboardSettings, *, now_s: Callable[[], float] = clock.now_s) -> Quart:
    """The dashboard as an ASGI application; it must be run with its lifespan.

    Raises `ValueError` when the origin is not one that a browser would protect.
    """
    app = Quart("dashboard", root_path=str(_HERE), static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _MAX_FORM_BYTES
    app.jinja_options = {
        "autoescape": True,
        "undefined": StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
    }
    app.url_map.merge_slashes = False  # `//` in a path is not ours to repair
    parts = Parts(
        origin=Origin.parse(settings.origin),
        admin=AdminDoor(settings.admin_url, settings.admin_token),
        client=ClientDoor(settings.client_url),
        client_url=settings.client_url.rstrip("/"),
        now_s=now_s,
    )
    table = RouteTable(app)
    app.extensions["route_table"] = table
    files = assets.load(_HERE / "static")
    _teach_templates(app, files, parts)
    hooks.register(app, table, parts)
    _add_lifespan(app, settings.store_path, parts)
    errors.register(app, table, parts)
    assets.routes(table, files)
    raw.routes(table, parts)
    for family in (login, account, overview, users, invites, objects):
        family.routes(table, parts)
    return app


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
        identicon=svg.identicon,
        qr_code=svg.qr_code,
        page_address=page_address,
        page_of_pubky_address=page_of_pubky_address,
        raw_address=raw_address,
    )


def _add_lifespan(app: Quart, store_path: Path, parts: Parts) -> None:
    @app.before_serving
    async def open_store() -> None:
        parts.opened_sign_ins = await SignIns.open(store_path, parts.now_s)

    @app.after_serving
    async def close_doors() -> None:
        await parts.admin.close()
        await parts.client.close()
        if parts.opened_sign_ins is not None:
            await parts.opened_sign_ins.close()
            parts.opened_sign_ins = None
