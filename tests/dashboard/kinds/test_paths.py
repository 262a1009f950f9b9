"""What lies at a path, told by the path alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.kinds.paths import KindName, Outcome, Root, classify
from tests.support.appliance import keypair_of

KEY = keypair_of("bob").public_key.z32
TIME, HASH = "0032SSN7Q4EVG", "PZBQ010FF079VVZPQG1RNFN6DR"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("profile.json", "profile"),
        ("settings.json", "settings"),
        ("last_read", "last_read"),
        (f"posts/{TIME}", "post"),
        (f"files/{TIME}", "file"),
        (f"blobs/{HASH}", "blob"),
        (f"tags/{HASH}", "tag"),
        (f"bookmarks/{HASH}", "bookmark"),
        (f"follows/{KEY}", "follow"),
        (f"mutes/{KEY}", "mute"),
        (f"feeds/{HASH}", "feed"),
    ],
)
def test_v0_keeps_it_here(path: str, kind: KindName) -> None:
    at = classify(f"/pub/pubky.app/{path}")
    assert (at.outcome, at.kind, at.has_canonical_id) == ("typed-v0", kind, True)


@pytest.mark.parametrize(
    ("root", "path", "kind"),
    [
        ("pub", "profile.json", "profile"),
        ("pub", f"posts/{TIME}/{TIME}.json", "post"),
        ("priv", f"posts/{TIME}/{TIME}.json", "post"),
        ("pub", f"files/{HASH}.png", "media"),
        ("pub", f"tags/{HASH}.json", "tag"),
        ("pub", f"follows/{KEY}.json", "follow"),
        ("priv", f"mutes/{KEY}.json", "mute"),
        ("priv", f"bookmarks/~{HASH}.json", "bookmark"),
        ("priv", f"feeds/{HASH}.json", "feed"),
        ("priv", "settings.json", "settings"),
        ("priv", "last_read.json", "last_read"),
    ],
)
def test_v1_keeps_it_here(root: Root, path: str, kind: KindName) -> None:
    at = classify(f"/{root}/social/v1/{path}")
    assert (at.outcome, at.kind, at.root) == ("typed-v1", kind, root)


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("/pub/eventky.app/events/1", "foreign"),
        ("/priv/notes/a.md", "foreign"),
        ("/pub/social/v2/posts/1", "unsupported"),
        ("/pub/social/v1/_private", "reserved"),
        ("/pub/social/v1/mutes/x.json", "unknown"),
        (f"/pub/social/v1/mutes/{KEY}.json", "unknown"),
        ("/priv/pubky.app/profile.json", "unknown"),
        ("/pub/pubky.app/posts/not-an-id", "unknown"),
        ("/pub/pubky.app/posts/", "unknown"),
        ("/other/place", "unknown"),
        ("", "unknown"),
    ],
)
def test_everything_else_has_an_outcome_too(path: str, outcome: Outcome) -> None:
    at = classify(path)
    assert at.outcome == outcome
    assert at.kind is None


def test_an_edit_of_a_post_keeps_the_posts_id() -> None:
    later = "0033Z6VFR5GJG"
    at = classify(f"/pub/social/v1/posts/{TIME}/{later}-draft-two.json")
    assert (at.id, at.edit_id, at.label) == (TIME, later, "draft-two")


@given(st.text(max_size=120))
def test_any_text_has_an_outcome(text: str) -> None:
    for path in (text, f"/pub/pubky.app/{text}", f"/priv/social/v1/{text}", f"/pub/{text}"):
        at = classify(path)
        assert at.path == path
        assert (at.kind is None) == (not at.outcome.startswith("typed"))
