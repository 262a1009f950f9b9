"""The sample lives: the same in every run, as large as told, sound where they should be."""

from collections import Counter
from itertools import pairwise

import pytest

from appliance.errors import PubkyError
from appliance.pubky.paths import StoragePath
from dashboard.kinds import ids
from dashboard.kinds.registry import Parsed, parse
from tests.sample_life import ada, bo, broken, flood, hostile, names, people, v0
from tests.sample_life.acts import END_US, Act, Case, digest, remaining
from tests.sample_life.history import GAP_US, INVITES, invites, samples
from tests.sample_life.lives import LIVES
from tests.sample_life.people import EVERYBODY_QUICK, Name
from tests.sample_life.posts import MIX

# Addresses in golden pages are made of these bytes: whoever changes a life renews those as well.
DIGESTS: dict[Name, str] = {
    "ada": "e44252a6ffd519a52970a9324d5bf1775eaa45b11bd8f22bf826e9bd46213efd",
    "bo": "8924052d154c6ec837117a538a87f079a9413296b14c1af11a2197ee5bbda932",
    "dee": "81f991935fed740399cd6702a132a024f46eadfbce2b8b89bcf47eb098a50cf1",
}
OWNER = people.key("ada")
BROKEN = broken.cases(OWNER)
HOSTILE = hostile.cases(people.key("mallory"))


@pytest.fixture(scope="module")
def sound_objects() -> dict[str, Parsed]:
    """What Ada has in the end, without the broken objects, as the pages read it."""
    return {
        path: parse(path, body) for path, body in remaining(ada.life(with_broken=False)).items()
    }


@pytest.mark.parametrize("name", DIGESTS)
def test_a_life_is_the_same_on_every_machine(name: Name) -> None:
    assert digest(LIVES[name].acts()) == DIGESTS[name]


def test_a_life_is_the_same_twice() -> None:
    assert digest(LIVES["mallory"].acts()) == digest(LIVES["mallory"].acts())


@pytest.mark.parametrize("name", EVERYBODY_QUICK)
def test_a_life_happens_in_order_between_joining_and_the_end(name: Name) -> None:
    times = [LIVES[name].joined_us, *(act.at_us for act in LIVES[name].acts()), END_US]
    assert times == sorted(times)


def test_ada_has_as_many_of_each_kind_as_told(sound_objects: dict[str, Parsed]) -> None:
    kinds = Counter((found.at.outcome, found.at.kind) for found in sound_objects.values())
    in_v0 = {kind: count for (outcome, kind), count in kinds.items() if outcome == "typed-v0"}
    assert in_v0 == {
        "profile": 1,
        "post": 2400,
        "file": 260,
        "blob": 259,  # two posts share one
        "tag": 900,
        "bookmark": 130,
        "follow": 340,
        "mute": 14,
        "feed": 6,
        "settings": 1,
        "last_read": 1,
    }
    assert kinds["foreign", None] > 5000


def test_everything_that_ada_keeps_is_as_apps_expect_it(sound_objects: dict[str, Parsed]) -> None:
    odd = {
        path: (found.problems, found.oddities)
        for path, found in sound_objects.items()
        if found.at.outcome not in {"typed-v0", "typed-v1", "foreign"}
        or found.problems
        or found.oddities
    }
    assert odd == {}


def test_posts_are_mixed_as_told(sound_objects: dict[str, Parsed]) -> None:
    sorts: Counter[str] = Counter()
    for found in sound_objects.values():
        if found.at.kind == "post" and not found.at.is_v1:
            post = found.value
            sorts["reply" if post.is_reply else "repost" if post.is_repost else post.kind] += 1
    assert sorts == MIX


def test_posts_that_were_migrated_have_edits(sound_objects: dict[str, Parsed]) -> None:
    edits = Counter(
        found.at.id
        for found in sound_objects.values()
        if found.at.kind == "post" and found.at.is_v1 and found.at.is_public
    )
    assert len(edits) == 300
    again = [count - 1 for count in edits.values() if count > 1]
    assert len(again) == 40
    assert set(again) == {2, 3, 4, 5}


def test_two_posts_share_one_blob(sound_objects: dict[str, Parsed]) -> None:
    sources = Counter(
        found.value.src for found in sound_objects.values() if found.at.kind == "file"
    )
    assert sorted(sources.values())[-2:] == [1, 2]


def test_files_lead_to_bytes_of_their_size() -> None:
    files = remaining(ada.life(with_broken=False))
    for path, body in files.items():
        found = parse(path, body)
        if found.at.kind == "file":
            source = found.value.src.removeprefix(f"pubky://{OWNER}")
            assert len(files[source]) == found.value.size, path


def test_posts_come_by_day_and_seldom_by_night(sound_objects: dict[str, Parsed]) -> None:
    hours = Counter(
        found_id.us // 3_600_000_000 % 24
        for found in sound_objects.values()
        if found.at.kind == "post" and (found_id := ids.parse_timestamp_id(found.at.id or ""))
    )
    assert hours[20] > 20 * hours[3]


def test_no_two_posts_have_one_id(sound_objects: dict[str, Parsed]) -> None:
    posts = [act.path for act in ada.life() if act.path.startswith(f"{v0.ROOT}/posts/")]
    present = {path for path, found in sound_objects.items() if found.at.kind == "post"}
    assert len(present & set(posts)) == 2400


def test_bo_uses_the_quota_to_the_percent() -> None:
    files = remaining(bo.life())
    used = sum(len(body) + 256 for body in files.values())
    assert used * 100 // (bo.QUOTA_MB * 1024 * 1024) in {91, 92}
    assert abs(used - bo.QUOTA_MB * 1024 * 1024 * 0.92) < 10


def test_flood_has_as_many_folders_as_told() -> None:
    folders = [flood.folder(number) for number in range(1, flood.FOLDERS + 1)]
    assert len(set(folders)) == 3000
    assert max(folder.count("/") + 1 for folder in folders) == 6
    assert len({act.path for act in flood.life()}) == 123_000


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_a_broken_object_is_read_without_an_exception(case: Case) -> None:
    assert parse(case.path, case.body).title


@pytest.mark.parametrize(
    "name",
    [
        "truncated",
        "not a number",
        "deep",
        "one line",
        "surrogate bytes",
        "latin-1",
        "wrong types",
        "empty",
        "too long",
        "id differs",
        "no id",
        "wrong root",
        "points to private",
    ],
)
def test_a_broken_object_has_a_problem(name: str) -> None:
    assert parse(BROKEN[name].path, BROKEN[name].body).problems


@pytest.mark.parametrize(
    "name", ["duplicate keys", "lone surrogate", "byte order mark", "alias-spelled id"]
)
def test_an_odd_object_is_read_and_said_to_be_odd(name: str) -> None:
    found = parse(BROKEN[name].path, BROKEN[name].body)
    assert found.value is not None
    assert found.oddities


def test_dangling_references_dangle() -> None:
    present = remaining(ada.life())
    for name in ("reply to a deleted post", "attachment is gone", "blob is gone"):
        found = parse(BROKEN[name].path, BROKEN[name].body)
        (target,) = [each.address for each in found.references]
        assert target is not None
        assert target.public_key == OWNER
        assert target.path not in present


def test_another_version_and_reserved_names_are_told_apart() -> None:
    outcomes = {
        name: parse(BROKEN[name].path, BROKEN[name].body).at.outcome
        for name in ("second epoch", "reserved leaf", "unknown kind")
    }
    assert list(outcomes.values()) == ["unsupported", "reserved", "typed-v0"]


@pytest.mark.parametrize("case", names.NAMES.values(), ids=names.NAMES)
def test_an_odd_name_is_one_that_a_node_keeps(case: Case) -> None:
    assert StoragePath.parse(case.path) == StoragePath.normalize(case.path)


@pytest.mark.parametrize("case", names.REFUSED.values(), ids=names.REFUSED)
def test_a_refused_name_is_refused(case: Case) -> None:
    try:
        path = StoragePath.normalize(case.path)
    except PubkyError:
        return
    assert not path.is_public
    assert not path.is_private


def test_the_longest_names_are_as_long_as_may_be() -> None:
    assert len(names.NAMES["longest path"].path.encode()) == names.LONGEST_PATH
    longest = names.NAMES["longest segment of wide letters"].path.rpartition("/")[2]
    assert len(longest.encode()) == names.LONGEST_SEGMENT


@pytest.mark.parametrize("case", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_object_is_read_without_an_exception(case: Case) -> None:
    assert parse(case.path, case.body).title


def test_nothing_hostile_calls_beyond_this_machine() -> None:
    for case in HOSTILE.values():
        for scheme in (b"http://", b"https://"):
            for rest in case.body.split(scheme)[1:]:
                assert rest.startswith(
                    (
                        b"127.0.0.1:9/",
                        b"www.w3.org/",
                        b"example.com/",
                        b"pubky.app:login@evil.example",
                    )
                ), rest[:40]


def test_a_thousand_apps_look_like_others() -> None:
    found = hostile.lookalike_client_ids()
    assert len(set(found)) == 1000
    assert not set(found) & set(hostile.LOOKALIKE_TARGETS)


def test_cases_of_one_person_lie_at_different_paths() -> None:
    paths = [act.path for act in LIVES["mallory"].acts()]
    assert len(paths) == len(set(paths))


def test_invites_are_in_every_state() -> None:
    states: Counter[str] = Counter()
    for invite in invites():
        is_over = invite.expires_us is not None and invite.expires_us <= END_US
        used = "used" if invite.used_by else None
        states[
            used or ("revoked" if invite.revoked_us else "expired" if is_over else "unused")
        ] += 1
    assert states == INVITES
    assert states.total() == 40
    assert len({invite.text for invite in invites()}) == 40


def test_nothing_was_published_for_six_hours() -> None:
    own = [sample.at_us for sample in samples("node", ()) if sample.public_key == "node"]
    assert own == sorted(own)
    assert not [at_us for at_us in own if GAP_US[0] <= at_us < GAP_US[1]]
    gaps = sorted(later - earlier for earlier, later in pairwise(own))
    assert gaps[-1] > 6 * 3_600_000_000 > 3 * gaps[-2]


def test_what_remains_forgets_what_was_deleted() -> None:
    acts = [Act(1, "PUT", "/pub/a", b"1"), Act(2, "PUT", "/pub/b", b"2"), Act(3, "DEL", "/pub/a")]
    assert remaining(acts) == {"/pub/b": b"2"}
