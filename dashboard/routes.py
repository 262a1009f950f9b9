"""The route table: no page exists without a declared audience, methods, cache and policy class.

`RouteTable.add` is the only way a route enters the application; a test walks the URL map and the
guard in `app` refuses any endpoint that is not in the table.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from quart import Quart
from quart.typing import ResponseReturnValue

from dashboard import json_twin

Audience = Literal["anyone", "signed-in", "tenant", "operator"]
CacheClass = Literal["no-store", "revalidate", "immutable"]
PolicyClass = Literal["page", "new-key", "raw", "static", "machine"]
View = Callable[..., Awaitable[ResponseReturnValue]]

# Forms carry a note and a choice; a larger body is not one of ours.
MAX_FORM_BYTES = 64 * 1024

CACHE_CONTROL: dict[CacheClass, str] = {
    "no-store": "no-store",
    "revalidate": "private, no-cache",
    "immutable": "public, max-age=31536000, immutable",
}

# Our own scripts by their path. By the origin alone, a stored file could be loaded as a script too:
# `sandbox` on its answer does not prevent that (measured in Chromium).
_PAGE_POLICY = (
    "default-src 'none'; script-src {origin}/static/; style-src 'self'; img-src 'self'; "
    "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
# Where a key is made: it knows no other place than those that hear of the new account, and takes
# no form along. The published client is WebAssembly.
_NEW_KEY_POLICY = (
    "default-src 'none'; script-src {origin}/static/ 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self'; connect-src {places}; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
# `sandbox` without allowances: a stored page opened here gets an origin of its own and no script.
RAW_POLICY = (
    "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_INERT_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

_CONTENT_POLICIES: dict[PolicyClass, str] = {
    "page": _PAGE_POLICY,
    "new-key": _NEW_KEY_POLICY,
    "raw": RAW_POLICY,
    "static": _INERT_POLICY,
    "machine": _INERT_POLICY,
}

COMMON_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

# For routes that any web page may use: no credentials, so nothing of ours rides along.
OPEN_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "content-type",
    "Access-Control-Max-Age": "3600",
}


def policy_headers(policy: PolicyClass, own_origin: str, places: Iterable[str]) -> dict[str, str]:
    """The headers of a policy class. `places` are the only origins that a new key's page asks."""
    named = {"origin": own_origin, "places": " ".join(sorted(set(places))) or "'none'"}
    # With `no-referrer` browsers turn a form's Origin into `null`, which the guard refuses.
    return {
        "Content-Security-Policy": _CONTENT_POLICIES[policy].format_map(named),
        "Referrer-Policy": "same-origin" if policy == "page" else "no-referrer",
    }


@dataclass(frozen=True, slots=True)
class RoutePolicy:
    """What a route promises.

    `step_up` asks for a proof of who it is that is not older than five minutes. `cross_origin` lets
    pages of other origins in, and reads no cookie. Longer bodies than `max_body` are refused before
    they are read.
    """

    audience: Audience
    cache: CacheClass
    policy: PolicyClass
    methods: frozenset[str]
    step_up: bool = False
    cross_origin: bool = False
    max_body: int = MAX_FORM_BYTES


class RouteTable:
    """The routes of one application and their policies, by endpoint."""

    def __init__(self, app: Quart) -> None:
        self._app = app
        self._policies: dict[str, RoutePolicy] = {}

    def add(
        self,
        path: str,
        *,
        audience: Audience = "operator",
        methods: frozenset[str] = frozenset({"GET"}),
        cache: CacheClass = "no-store",
        policy: PolicyClass = "page",
        step_up: bool = False,
        cross_origin: bool = False,
        max_body: int = MAX_FORM_BYTES,
    ) -> Callable[[View], View]:
        """Register the decorated view under `path`; the defaults are the strictest class.

        A page for people who are signed in gets its JSON twin along.
        """

        def register(view: View) -> View:
            module = view.__module__.removeprefix("dashboard.").removeprefix("pages.")
            endpoint = f"{module}.{view.__name__}"
            declared = RoutePolicy(
                audience, cache, policy, methods, step_up, cross_origin, max_body
            )
            if cross_origin and (audience, policy) != ("anyone", "machine"):
                raise ValueError(f"{endpoint} would be open to pages of others")
            if step_up and audience == "anyone":
                raise ValueError(f"{endpoint} asks nobody for a proof")
            if self._policies.setdefault(endpoint, declared) != declared:
                raise ValueError(f"{endpoint} is declared twice, differently")
            self._app.add_url_rule(
                path,
                endpoint,
                view,
                methods=sorted(methods),
                provide_automatic_options=False,
                strict_slashes=True,
            )
            if policy == "page" and "GET" in methods and audience != "anyone":
                self._add_twin(path, endpoint, view, declared)
            return view

        return register

    def _add_twin(self, path: str, endpoint: str, view: View, page: RoutePolicy) -> None:
        """The same view once more: `page_context.render` sees whom it answers."""
        endpoint += ":json"
        self._policies[endpoint] = replace(page, policy="machine", methods=frozenset({"GET"}))
        self._app.add_url_rule(
            json_twin.address_of(path),
            endpoint,
            view,
            methods=["GET"],
            provide_automatic_options=False,
            strict_slashes=True,
        )

    def find(self, endpoint: str | None) -> RoutePolicy | None:
        """The declared policy, or None for an endpoint nobody declared."""
        return self._policies.get(endpoint) if endpoint is not None else None
