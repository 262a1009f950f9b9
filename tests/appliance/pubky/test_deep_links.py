"""Deep links: the vectors, each parameter's refusals, and strangers' texts."""

from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.pubky.capabilities import list_text
from appliance.pubky.deep_links import DeepLink, XCallback
from appliance.pubky.keys import Keypair
from tests.support.vectors import Entry, entries, load_vectors

VECTORS = load_vectors("auth")
APP = Keypair.from_seed(bytes(32)).public_key
SECRET = "kqnceEMgrNQM_xi06oQXjA3cJHX_RQmw1BY6JE1bse8"
RELAY = "https%3A%2F%2Frelay.example%2Finbox"
ANY_TEXT = st.text(st.characters(exclude_categories=()))


def grant_link(**changes: str) -> str:
    parameters = {"caps": "/:r", "relay": RELAY, "secret": SECRET, "cid": "app", "cpk": APP.z32}
    query = "&".join(f"{name}={value}" for name, value in (parameters | changes).items())
    return f"pubkyauth://signin_grant?{query}"


def refusal_of(url: str) -> str:
    with pytest.raises(PubkyError) as refusal:
        DeepLink.parse(url)
    assert refusal.value.code == "invalid"
    return refusal.value.message


def test_plus_is_a_space_in_form_parameters() -> None:
    assert DeepLink.parse(grant_link(caps="/pub/a+b:r")).capabilities[0].scope == "/pub/a b"


def test_scheme_may_be_in_either_case() -> None:
    assert DeepLink.parse(f"PubkyAuth://secret_export?secret={SECRET}").intent == "secret_export"


def test_fragment_is_ignored() -> None:
    link = DeepLink.parse(f"pubkyauth://secret_export?secret={SECRET}#secret=x")
    assert link.secret is not None
    assert len(link.secret) == 32


@pytest.mark.parametrize("url", ["", "signin", "https://signin?caps=", "pubkyauth:signin?caps="])
def test_other_scheme_is_refused(url: str) -> None:
    assert refusal_of(url) == "Invalid scheme. Expected pubkyauth or pubkyring"


@pytest.mark.parametrize("intent", ["SIGNIN", "login", "signin%20"])
def test_unknown_intent_is_refused(intent: str) -> None:
    assert refusal_of(f"pubkyauth://{intent}?secret={SECRET}") == f"Invalid intent `{intent}`"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("caps", "/:x"),
        ("relay", ""),
        ("relay", "relay.example/inbox"),
        ("relay", "ftp://relay.example"),
        ("relay", "https:///inbox"),
        ("relay", "https://[relay"),
        ("secret", SECRET + "="),
        ("secret", SECRET[:-1]),
        ("secret", SECRET[:-1] + "9"),
        ("cid", ""),
        ("cid", "a" * 254),
        ("cpk", f"pubky{APP.z32}"),
    ],
)
def test_refusal_names_the_parameter(name: str, value: str) -> None:
    assert refusal_of(grant_link(**{name: value})).startswith(f"Invalid query parameter {name}: ")


def test_broken_utf8_in_a_callback_leaves_the_value_untouched() -> None:
    assert XCallback.parse("x-source=%FF").source == "%FF"


def test_first_callback_counts() -> None:
    assert XCallback.parse("x-error=a&x-error=b").error == "a"


@given(ANY_TEXT)
def test_any_query_gives_callbacks(query: str) -> None:
    assert XCallback.parse(f"x-cancel=here&{query}").cancel == "here"


@given(st.one_of(ANY_TEXT, ANY_TEXT.map(lambda text: f"pubkyauth://signin_grant?{text}")))
def test_any_text_is_a_link_or_is_refused(text: str) -> None:
    with suppress(PubkyError):
        DeepLink.parse(text)


@given(st.sampled_from(["caps", "relay", "secret", "cid", "cpk"]), ANY_TEXT)
def test_any_parameter_is_read_or_is_refused(name: str, value: str) -> None:
    with suppress(PubkyError):
        DeepLink.parse(grant_link(**{name: value}))


def test_longest_client_id_is_accepted() -> None:
    assert DeepLink.parse(grant_link(cid="a" * 253)).client_id == "a" * 253


def link_of(entry: Entry) -> str:
    url: str = entry["url"] if "url" in entry else entry["built_url"]
    return url


def parameters_of(link: DeepLink) -> dict[str, str | None]:
    return {
        "caps": list_text(link.capabilities),
        "relay": link.relay,
        "secret": link.secret.hex() if link.secret else None,
        "hs": str(link.homeserver) if link.homeserver else None,
        "st": link.signup_token,
        "cid": link.client_id,
        "cpk": str(link.client_key) if link.client_key else None,
    }


@pytest.mark.parametrize("entry", entries(VECTORS, "deep_link_0_11"), ids=link_of)
def test_deep_link_of_current_clients(entry: Entry) -> None:
    url = entry["url"]
    if "error" in entry:
        expected = entry["error"].replace("MissingQueryParameter", "Missing query parameter")
        assert refusal_of(url) == expected
    elif "x_callback" in entry:
        parsed = XCallback.parse(urlsplit(url).query)
        values = {
            "x-source": parsed.source,
            "x-success": parsed.success,
            "x-error": parsed.error,
            "x-cancel": parsed.cancel,
        }
        assert {name: value for name, value in values.items() if value is not None} == (
            entry["x_callback"]
        )
    else:
        link = DeepLink.parse(url)
        assert link.intent == entry["intent"]
        expected = {name: value for name, value in entry["params"].items() if name != "note"}
        assert parameters_of(link).items() >= expected.items()


@pytest.mark.parametrize("entry", entries(VECTORS, "deep_link_0_6_0"), ids=link_of)
def test_deep_link_of_older_clients(entry: Entry) -> None:
    url = link_of(entry)
    if "ok" in entry and "invalid:w" not in url:
        link = DeepLink.parse(url)
        expected = {name: value for name, value in entry["ok"].items() if name != "str"}
        assert parameters_of(link).items() >= expected.items()
    elif "ok" in entry:
        # Such an entry was dropped once; now it refuses the whole list.
        assert refusal_of(url).startswith("Invalid query parameter caps")
    elif "built_url" in entry:
        link = DeepLink.parse(url)
        assert list_text(link.capabilities) == "/pub/my-cool-app/:rw,/pub/x y/:r"
    elif "Invalid intent" in entry["error"]:
        # That parser knew one intent; this one knows all, and the empty one.
        assert DeepLink.parse(url).intent == (urlsplit(url).netloc or "signin")
    else:
        assert entry["error"].partition(": ")[2].rpartition(". ")[2] in refusal_of(url)


@pytest.mark.parametrize("entry", entries(VECTORS, "deep_link_dashboard"), ids=link_of)
def test_deep_link_with_an_empty_capability_list(entry: Entry) -> None:
    link = DeepLink.parse(entry["url"])
    assert link.capabilities == ()
    assert link.relay == "https://dash.example.org/relay/inbox"
    assert link.x_callback == XCallback(source="My Pubky Home")


@pytest.mark.parametrize("entry", entries(VECTORS, "deep_link_duplicate_params"), ids=link_of)
def test_first_of_repeated_parameters_counts(entry: Entry) -> None:
    link = DeepLink.parse(entry["url"])
    assert list_text(link.capabilities) == entry["signed_caps"]
