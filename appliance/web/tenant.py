"""Who is addressed: the owner in the path, else a header, else the query (client API 4)."""

from dataclasses import dataclass

from appliance.errors import PubkyError, invalid
from appliance.pubky.keys import PublicKey
from appliance.pubky.paths import StoragePath, decode_percent
from appliance.web.asgi import Scope, header

STORAGE_PREFIX = b"/storage/"
_PRIVATE = "/priv/"


@dataclass(frozen=True, slots=True)
class Address:
    """Whose data a request is about, and where.

    `path` is set for path-addressed requests, which are checked before anything else happens; a
    legacy path is read from `raw_path` when its turn comes in the order of checks.
    """

    tenant: PublicKey | None
    path: StoragePath | None
    raw_path: bytes

    @property
    def path_addressed(self) -> bool:
        """Whether the owner stands in the path."""
        return self.path is not None

    def storage_path(self) -> StoragePath:
        """The normal form of the path; raises PubkyError invalid."""
        if self.path is not None:
            return self.path
        try:
            text = decode_percent(self.raw_path)
        except PubkyError:
            raise invalid("Invalid URL: Invalid UTF-8 in `path`") from None
        try:
            return StoragePath.normalize(text)
        except PubkyError as error:
            raise invalid(f"Invalid URL: {error.message}") from error

    @property
    def is_private(self) -> bool:
        """Whether any reading of the path lies under /priv/, valid or not (client API 18.2)."""
        if self.path is not None:
            return self.path.is_private
        try:
            text = decode_percent(self.raw_path)
        except PubkyError:
            return self.raw_path.startswith(_PRIVATE.encode())
        if text.startswith(_PRIVATE):
            return True
        try:
            return StoragePath.normalize(text).is_private
        except PubkyError:
            return False

    def file_path(self) -> StoragePath:
        """As `storage_path`, for requests that only a file can answer."""
        path = self.storage_path()
        if path.is_directory:
            prefix = "Target" if self.path_addressed else "Invalid URL: target"
            raise invalid(f"{prefix} path must be a file")
        return path


def is_path_addressed(raw_path: bytes) -> bool:
    """Whether nothing but the path says whose data this is about."""
    return raw_path == b"/storage" or raw_path.startswith(STORAGE_PREFIX)


def resolve_address(scope: Scope) -> Address:
    """Read the address of a request; raises PubkyError invalid for a malformed /storage/ URL."""
    raw_path: bytes = scope["raw_path"]
    if is_path_addressed(raw_path):
        return _path_address(raw_path)
    return Address(_header_tenant(scope) or _query_tenant(scope), None, raw_path)


def _path_address(raw_path: bytes) -> Address:
    owner, slash, rest = raw_path.removeprefix(STORAGE_PREFIX).partition(b"/")
    if raw_path in (b"/storage", STORAGE_PREFIX):
        raise invalid("Missing storage owner or path")
    if not slash or not rest:
        raise invalid("Missing storage path")
    try:
        tenant = PublicKey.parse(owner.decode("ascii"))
    except (PubkyError, UnicodeDecodeError):
        raise invalid("Invalid storage owner public key") from None
    try:
        text = decode_percent(rest)
    except PubkyError:
        raise invalid("Storage path is not valid UTF-8") from None
    try:
        return Address(tenant, StoragePath.normalize("/" + text), raw_path)
    except PubkyError as error:
        raise invalid(f"Invalid storage path: {error.message}") from error


def parse_tenant(value: bytes | None) -> PublicKey | None:
    """The key a header or query value names; anything unreadable counts as absent."""
    if value is None:
        return None
    try:
        return PublicKey.parse_host(value.decode("ascii"))
    except (PubkyError, UnicodeDecodeError):
        return None


def _header_tenant(scope: Scope) -> PublicKey | None:
    return parse_tenant(header(scope, b"pubky-host")) or parse_tenant(header(scope, b"host"))


def _query_tenant(scope: Scope) -> PublicKey | None:
    query: bytes = scope["query_string"]
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name == b"pubky-host" and (tenant := parse_tenant(value)):
            return tenant
    return None
