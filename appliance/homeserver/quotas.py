"""What one user may store, how fast their bodies may flow, and where they may write.

Each part has three states: left to the node's settings, unlimited, or a value (operator API 2.6).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self

from appliance.config import Bandwidth, DefaultQuotas
from appliance.errors import PubkyError, invalid
from appliance.metadata import quotas, users
from appliance.metadata.quotas import QuotaColumns
from appliance.metadata.store import Metadata, Tx
from appliance.pubky.paths import StoragePath

Unlimited = Literal["unlimited"]
UNLIMITED: Unlimited = "unlimited"

MEBIBYTE = 1024 * 1024
# Client API 16.2: every file is charged this much beside its length.
BYTES_CHARGED_PER_FILE = 256
# The reference's columns are signed 32-bit numbers; a larger quota is stored as this.
LARGEST_STORED = 2**31 - 1
LARGEST_QUOTA_MB = 2**64 - 1
STORED_UNLIMITED = -1


@dataclass(frozen=True, slots=True)
class Quota:
    """What is set for one user or invite; None leaves it to the node's settings.

    `storage_quota_mb` counts MiB, a burst counts in the unit of its rate. `allowed_write_paths`
    None means everywhere and `()` nowhere; an entry that ends in a slash covers what is below it.
    """

    storage_quota_mb: int | Unlimited | None = None
    rate_read: Bandwidth | Unlimited | None = None
    rate_write: Bandwidth | Unlimited | None = None
    rate_read_burst: int | None = None
    rate_write_burst: int | None = None
    allowed_write_paths: tuple[str, ...] | None = None

    @classmethod
    def parse(cls, body: object) -> Self:
        """The quota that an invite is made with; absent and null mean the same.

        `body` is decoded JSON. Raises PubkyError invalid with the reason (operator API: 422).
        """
        return cls().changed(parse_changes(body))

    @classmethod
    def from_columns(cls, row: QuotaColumns) -> Self:
        """Read a row: an unreadable rate or size counts as not set, unreadable write paths as
        none at all, so that damage never opens what was closed (operator API 2.6)."""
        return cls(
            _stored_size(row.storage_mb),
            _stored_rate(row.rate_read),
            _stored_rate(row.rate_write),
            row.rate_read_burst,
            row.rate_write_burst,
            _stored_paths(row.allowed_write_paths),
        )

    def to_columns(self) -> QuotaColumns:
        """As a row holds it."""
        storage = self.storage_quota_mb
        paths = self.allowed_write_paths
        return QuotaColumns(
            STORED_UNLIMITED if storage == UNLIMITED else storage,
            None if self.rate_read is None else str(self.rate_read),
            None if self.rate_write is None else str(self.rate_write),
            self.rate_read_burst,
            self.rate_write_burst,
            None if paths is None else json.dumps(paths),
        )

    def changed(self, changes: Mapping[str, Any]) -> Self:
        """With the parts that `parse_changes` read; raises PubkyError invalid when the whole makes
        no sense."""
        merged = replace(self, **changes)
        for name, rate, burst in (
            ("rate_read", merged.rate_read, merged.rate_read_burst),
            ("rate_write", merged.rate_write, merged.rate_write_burst),
        ):
            if burst is not None and not isinstance(rate, Bandwidth):
                raise invalid(f"{name}_burst requires {name} to be set to a rate")
        return merged

    def allows_writing_to(self, path: str) -> bool:
        """Whether the operator lets this user write here."""
        if self.allowed_write_paths is None:
            return True
        return any(
            path.startswith(allowed) if allowed.endswith("/") else path == allowed
            for allowed in self.allowed_write_paths
        )

    def to_json(self) -> dict[str, Any]:
        """The parts that are set, as the operator's API writes them."""
        return {
            key.name: _json_value(value)
            for key in fields(self)
            if (value := getattr(self, key.name)) is not None
        }


def parse_changes(body: object) -> dict[str, Any]:
    """The parts of a quota that decoded JSON names, as fields of `Quota`; null sets None.

    Unknown members are ignored. Raises PubkyError invalid with the reason (operator API: 422).
    """
    if not isinstance(body, dict):
        raise invalid("a quota is a JSON object")
    return {
        name: None if body[name] is None else parse(name, body[name])
        for name, parse in _PARSERS.items()
        if name in body
    }


def _parse_storage(name: str, value: object) -> int | Unlimited:
    if value == UNLIMITED:
        return UNLIMITED
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_QUOTA_MB:
        raise invalid(f'{name} must be a number of MiB, "unlimited" or null')
    return min(value, LARGEST_STORED)


def _parse_rate(name: str, value: object) -> Bandwidth | Unlimited:
    if value == UNLIMITED:
        return UNLIMITED
    try:
        return Bandwidth.parse(value if isinstance(value, str) else "")
    except ValueError as error:
        raise invalid(f'{name} {error}, "unlimited" or null') from None


def _parse_burst(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LARGEST_STORED:
        raise invalid(f"{name} must be a number from 1 to {LARGEST_STORED}, or null")
    return value


def _parse_paths(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise invalid(f"{name} must be a list of paths, or null")
    for item in value:
        try:
            StoragePath.parse(item)
        except PubkyError as error:
            raise invalid(f"{name}: {error.message}") from None
        if item == "/":
            raise invalid(f"{name}: the root cannot be listed; null allows every path")
    if len(set(value)) < len(value):
        raise invalid(f"{name}: a path is listed twice")
    return tuple(value)


_PARSERS: dict[str, Callable[[str, object], Any]] = {
    "storage_quota_mb": _parse_storage,
    "rate_read": _parse_rate,
    "rate_write": _parse_rate,
    "rate_read_burst": _parse_burst,
    "rate_write_burst": _parse_burst,
    "allowed_write_paths": _parse_paths,
}


def _json_value(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Bandwidth) else value


def _stored_size(storage_mb: int | None) -> int | Unlimited | None:
    if storage_mb is None or storage_mb >= 0:
        return storage_mb
    return UNLIMITED if storage_mb == STORED_UNLIMITED else None


def _stored_rate(text: str | None) -> Bandwidth | Unlimited | None:
    if text is None:
        return None
    if text == UNLIMITED:
        return UNLIMITED
    try:
        return Bandwidth.parse(text)
    except ValueError:
        return None


def _stored_paths(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    try:
        return _parse_paths("allowed_write_paths", json.loads(text))
    except (ValueError, RecursionError, PubkyError):
        return ()


def largest_length(limit_bytes: int, used_bytes: int, old_length: int | None) -> int:
    """The longest file that may replace one of `old_length` bytes (None: there is none).

    Negative when not even an empty file fits, also for somebody far above a lowered limit whose
    new file is smaller than the old one (client API 16.2).
    """
    freed = old_length if old_length is not None else -BYTES_CHARGED_PER_FILE
    return limit_bytes - used_bytes + freed


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast bodies may flow: `burst_kib` at once, then at the rate."""

    rate: Bandwidth
    burst_kib: int


@dataclass(frozen=True, slots=True)
class UserQuota:
    """What is set for a user, and what holds."""

    overrides: Quota
    effective: Quota

    def to_json(self) -> dict[str, Any]:
        """The answer of `GET /users/{key}/quota`."""
        return {"effective": self.effective.to_json(), "overrides": self.overrides.to_json()}


class Quotas:
    """The limits of every user."""

    def __init__(
        self, metadata: Metadata, storage_quota_mb: int | None, defaults: DefaultQuotas
    ) -> None:
        self._metadata = metadata
        self._storage_quota_mb = storage_quota_mb
        self._defaults = defaults

    async def of_user(self, public_key: str) -> UserQuota:
        """What an operator sees; raises PubkyError not_found."""
        row = await self._metadata.read(quotas.find_of_key, public_key)
        if row is None:
            raise PubkyError("not_found", "Not Found")
        overrides = Quota.from_columns(row)
        return UserQuota(overrides, self.effective(overrides))

    async def change(self, public_key: str, changes: Mapping[str, Any]) -> None:
        """Change the parts that `parse_changes` read; holds for the next request.

        Raises PubkyError not_found, or invalid when the merged quota makes no sense.
        """
        await self._metadata.write(change_quota, public_key, changes)

    def effective(self, overrides: Quota) -> Quota:
        """What holds: bursts of the settings only go with rates of the settings."""
        defaults = self._defaults
        read_is_default = overrides.rate_read is None and defaults.rate_read is not None
        write_is_default = overrides.rate_write is None and defaults.rate_write is not None
        storage = overrides.storage_quota_mb
        if storage is None:
            storage = self._storage_quota_mb
        return Quota(
            UNLIMITED if storage is None else storage,
            overrides.rate_read or defaults.rate_read or UNLIMITED,
            overrides.rate_write or defaults.rate_write or UNLIMITED,
            defaults.rate_read_burst if read_is_default else overrides.rate_read_burst,
            defaults.rate_write_burst if write_is_default else overrides.rate_write_burst,
            overrides.allowed_write_paths,
        )

    def storage_limit(self, overrides: Quota) -> int | None:
        """Bytes that may be charged to this user; None means no limit."""
        storage = self.effective(overrides).storage_quota_mb
        return storage * MEBIBYTE if isinstance(storage, int) else None

    async def pace(self, public_key: str, *, writing: bool) -> Pace | Unlimited | None:
        """How fast this user's bodies may flow; None when there is no such user."""
        row = await self._metadata.peek(quotas.find_of_key, public_key)
        if row is None:
            return None
        held = self.effective(Quota.from_columns(row))
        rate = held.rate_write if writing else held.rate_read
        burst = held.rate_write_burst if writing else held.rate_read_burst
        return pace_of(rate, burst) if isinstance(rate, Bandwidth) else UNLIMITED

    @property
    def anonymous_pace(self) -> Pace | None:
        """How fast each address may transfer without a session; None means without limit."""
        rate = self._defaults.unauthenticated_ip_rate_read
        return None if rate is None else pace_of(rate, None)


def pace_of(rate: Bandwidth, burst: int | None) -> Pace:
    """A rate with its burst, which is the rate's own amount when not set (client API 17.2)."""
    return Pace(rate, (burst or rate.count) * rate.unit_kib)


def quota_of_user(tx: Tx, user_id: int) -> Quota:
    """What is set for the user with this row id."""
    return Quota.from_columns(quotas.find_of_user(tx, user_id) or QuotaColumns())


def change_quota(tx: Tx, public_key: str, changes: Mapping[str, Any]) -> None:
    """Transaction: merge, check and store; raises PubkyError not_found or invalid."""
    user = users.find(tx, public_key)
    if user is None:
        raise PubkyError("not_found", "Not Found")
    merged = quota_of_user(tx, user.id).changed(changes)
    quotas.set_of_user(tx, user.id, merged.to_columns())


def give_quota_of_token(tx: Tx, user_id: int, token: str | None) -> None:
    """Transaction part of sign-up: the invite's quota becomes the user's; without one, none."""
    given = None if token is None else quotas.find_of_token(tx, token)
    quotas.set_of_user(tx, user_id, given or QuotaColumns())
