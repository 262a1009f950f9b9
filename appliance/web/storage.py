"""The storage routes: plain ASGI on the undecoded path, with bodies that stream both ways.

Quart cannot hold this contract: it takes bodies into memory, merges slashes, answers OPTIONS by
itself and ends slow uploads. The order of the checks is the contract's (client API 7, 8, 9, 11).
"""

from functools import partial

from appliance.errors import PubkyError, invalid
from appliance.homeserver.authorize import check_read, check_write
from appliance.homeserver.sessions import ActiveSession
from appliance.pubky.keys import PublicKey
from appliance.pubky.preconditions import Precondition
from appliance.web.answers import send_method_not_allowed, send_refusal
from appliance.web.asgi import Headers, Message, Receive, Scope, Send, send_answer
from appliance.web.credentials import find_session
from appliance.web.http_cache import VARY_LEGACY, file_headers, validator_headers
from appliance.web.listing import InvalidBooleanError, ListingQuery, listing_json, listing_text
from appliance.web.services import Services
from appliance.web.storage_metrics import count_storage_request
from appliance.web.stored_files import body_chunks, declared_bytes, send_file, send_file_head
from appliance.web.tenant import Address

METHODS = "DELETE,GET,HEAD,PUT"
# Marks a write that came by the owners' route, which honours conditions; the protocol's does not.
HONOURS_CONDITIONS = "honours_conditions"
_NO_STORE = (b"cache-control", b"no-store")


async def storage_app(
    services: Services, address: Address, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer one request to a storage path; the address is resolved already."""
    if address.is_private:
        send = _with_private_policy(send, address)
    if scope["method"] not in METHODS.split(","):
        await send_method_not_allowed(send, METHODS)
        return
    session = await find_session(services, scope, address.tenant)
    count_storage_request(services.counters, scope, address, session)
    answer = partial(_answer, services, address, session)
    await services.bandwidth.run(answer, session, scope, receive, send)


async def _answer(
    services: Services,
    address: Address,
    session: ActiveSession | None,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    request = _Request(services, address, scope, receive, send)
    method: str = scope["method"]
    try:
        match method:
            case "PUT":
                await request.put(session)
            case "DELETE":
                await request.delete(session)
            case "HEAD":
                await request.head(session)
            case _:
                await request.get(session)
    except InvalidBooleanError as error:
        await send_answer(request.send, 400, [], error.message.encode(), head=False)
    except PubkyError as error:
        await send_refusal(request.send, error, head=method == "HEAD", extra=[])


def _with_private_policy(send: Send, address: Address) -> Send:
    """Private answers are never stored, and refused ones carry no validators."""
    vary = b"Authorization, Cookie"
    if not address.path_addressed:
        vary = b"pubky-host, " + vary

    async def send_private(message: Message) -> None:
        if message["type"] == "http.response.start":
            dropped = {b"cache-control", b"vary"}
            if message["status"] >= 400:
                dropped |= {b"etag", b"last-modified"}
            kept = [(name, value) for name, value in message["headers"] if name not in dropped]
            message["headers"] = [*kept, _NO_STORE, (b"vary", vary)]
        await send(message)

    return send_private


class _Request:
    """One request to a storage path."""

    def __init__(
        self, services: Services, address: Address, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self.services = services
        self.address = address
        self.scope = scope
        self.receive = receive
        self.send = send

    @property
    def _legacy(self) -> bool:
        return not self.address.path_addressed

    def tenant(self) -> PublicKey:
        """The addressed owner; raises PubkyError invalid."""
        if self.address.tenant is None:
            raise invalid("Missing request tenant")
        return self.address.tenant

    async def put(self, session: ActiveSession | None) -> None:
        """Create or overwrite a file."""
        session = _required(session)
        tenant = self.tenant()
        path = self.address.file_path()
        check_write(path, tenant, session)
        is_conditional = bool(self.scope.get(HONOURS_CONDITIONS))
        stored = await self.services.storage.write(
            tenant,
            path,
            session.author,
            declared_bytes(self.scope),
            body_chunks(self.receive),
            _condition(self.scope) if is_conditional else None,
        )
        validators = [(b"etag", stored.etag.encode())] if is_conditional else []
        await send_answer(self.send, 201, validators, b"", head=False)

    async def delete(self, session: ActiveSession | None) -> None:
        """Delete a file."""
        session = _required(session)
        tenant = self.tenant()
        path = self.address.file_path()
        check_write(path, tenant, session)
        await self.services.storage.delete(tenant, path, session.author)
        await send_answer(self.send, 204, [], b"", head=False)

    async def head(self, session: ActiveSession | None) -> None:
        """The headers of a file; never conditional, never a range, never a directory."""
        tenant = self.tenant()
        path = self.address.storage_path()
        check_read(path, tenant, session)
        entry = None if path.is_directory else await self.services.storage.find(tenant, path)
        if entry is None:
            raise PubkyError("not_found", "Not Found")
        await send_file_head(entry, file_headers(entry, legacy=self._legacy), self.send)

    async def get(self, session: ActiveSession | None) -> None:
        """A file, or the listing of a directory."""
        tenant = self.tenant()
        path = self.address.storage_path()
        query = ListingQuery.parse(self.scope["query_string"])
        check_read(path, tenant, session)
        if path.is_directory:
            await self._send_listing(tenant, query)
            return
        entry = await self.services.storage.find(tenant, path)
        if entry is None:
            raise PubkyError("not_found", "Not Found")
        headers = file_headers(entry, legacy=self._legacy)
        validators = validator_headers(entry, legacy=self._legacy)
        await send_file(
            self.services.storage.blobs, entry, headers, validators, self.scope, self.send
        )

    async def _send_listing(self, tenant: PublicKey, query: ListingQuery) -> None:
        directory = self.address.storage_path()
        storage = self.services.storage
        if not await storage.directory_exists(tenant, directory):
            raise PubkyError("not_found", "Directory Not Found")
        items = await storage.list(
            tenant,
            directory,
            query.cursor_path(),
            query.limit,
            reverse=query.reverse,
            shallow=query.shallow,
        )
        headers: Headers = [] if self.address.path_addressed else [VARY_LEGACY]
        if query.as_json:
            body = listing_json(items, query.limit, tenant)
            headers.insert(0, (b"content-type", b"application/json"))
        else:
            body = listing_text(tenant, items)
            headers.insert(0, (b"content-type", b"text/plain"))
        await send_answer(self.send, 200, headers, body, head=False)


def _condition(scope: Scope) -> Precondition | None:
    return Precondition.parse(_whole(scope, b"if-match"), _whole(scope, b"if-none-match"))


def _whole(scope: Scope, name: bytes) -> bytes | None:
    """A header that is a list, sent in one line or several (RFC 9110 5.3)."""
    lines = [value for key, value in scope["headers"] if key.lower() == name]
    return b",".join(lines) if lines else None


def _required(session: ActiveSession | None) -> ActiveSession:
    if session is None:
        raise PubkyError("unauthenticated", "No authenticated session found")
    return session
