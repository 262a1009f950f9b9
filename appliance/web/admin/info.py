"""The node at a glance: the official `/info`, and `/node` with what our pages show."""

from quart import Blueprint, Response, jsonify

from appliance.homeserver.fleet_status import has_fleet_status
from appliance.homeserver.node_status import counts, disk_space
from appliance.pubky.timestamp import rfc3339
from appliance.version import VERSION
from appliance.web.admin.services import AdminServices

MEBIBYTE = 1024 * 1024


READ, WRITE = "node:read", "node:read"


def routes(services: AdminServices) -> Blueprint:
    """`GET /`, `GET /info` and `GET /node`."""
    blueprint = Blueprint("admin_info", __name__)
    node = services.node

    @blueprint.get("/")
    async def root() -> Response:
        return Response("Homeserver - Admin Endpoint", content_type="text/plain; charset=utf-8")

    @blueprint.get("/info")
    async def info() -> Response:
        found = await counts(node.metadata, node.clock())
        used_mb = (found.totals.used_bytes + MEBIBYTE // 2) // MEBIBYTE
        return jsonify(
            {
                "num_users": found.totals.users,
                "num_disabled_users": found.totals.disabled,
                "total_disk_used_mb": used_mb,
                "num_signup_codes": found.all_invites,
                "num_unused_signup_codes": found.unused_invites,
                "public_key": node.public_key.z32,
                "pkarr_pubky_address": _pubky_address(services),
                "pkarr_icann_domain": _icann_domain(services),
                "version": VERSION,
            }
        )

    @blueprint.get("/node")
    async def node_card() -> Response:
        found = await counts(node.metadata, node.clock())
        disk = disk_space(services.data_dir)
        return jsonify(
            {
                "public_key": node.public_key.z32,
                "version": VERSION,
                "started_at": rfc3339(services.started_us),
                "signup_mode": node.signup.mode,
                "client_url": services.client_url,
                "web_url": _web_url(services),
                "dashboard_url": services.dashboard_url,
                "users": found.totals.users,
                "disabled_users": found.totals.disabled,
                "entries": found.totals.entries,
                "bytes_stored": found.totals.used_bytes,
                "unused_invites": found.unused_invites,
                "disk_free_bytes": disk.free_bytes,
                "disk_total_bytes": disk.total_bytes,
                "disk_low": node.disk.is_low,
                "last_event_id": found.last_event_id,
                "has_fleet": has_fleet_status(services.data_dir),
            }
        )

    return blueprint


def _pubky_address(services: AdminServices) -> str | None:
    """Where native clients are sent (operator API 2.4: IPv6 without brackets)."""
    own = services.network.own_address()
    host = own.ipv4 or own.ipv6
    return f"{host}:{own.tls_port}" if host and own.tls_port else None


def _web_url(services: AdminServices) -> str | None:
    """Where the node's packet sends browsers (discovery 4.1): None without a domain."""
    own = services.network.own_address()
    if own.domain == "localhost":
        return f"http://localhost:{own.http_port}"
    return f"https://{own.domain}" if own.domain else None


def _icann_domain(services: AdminServices) -> str | None:
    """The domain for browsers, None without one."""
    pkdns = services.pkdns
    port = pkdns.public_icann_http_port or services.client_port
    return f"{pkdns.icann_domain}:{port}" if pkdns.icann_domain else None
