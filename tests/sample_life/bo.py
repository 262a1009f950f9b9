"""Bo: joined by an invite, writes little, and has nearly filled a small quota with one film."""

from functools import cache

from tests.sample_life import films, people, phrases, pictures, v0
from tests.sample_life.acts import DAY_US, END_US, HOUR_US, Act, in_order, moment_us, remaining
from tests.sample_life.chance import Chance

JOINED_US = moment_us(2026, 2, 14, 17)
POSTS = 12
FOLLOWS = 5
QUOTA_MB = 50
USED_PERCENT = 92
# What the node charges for a file beside its length.
_CHARGED_PER_FILE = 256


@cache
def _moments() -> tuple[int, ...]:
    return tuple(Chance("when Bo posts").moments(POSTS, JOINED_US + DAY_US, END_US - 8 * DAY_US))


def post_addresses() -> dict[int, str]:
    """Bo's posts by their moments, for those who answer."""
    owner = people.key("bo")
    return {at_us: v0.uri(owner, v0.post_path(at_us)) for at_us in _moments()}


def life() -> list[Act]:
    """Everything that Bo ever did."""
    owner = people.key("bo")
    chance = Chance("what Bo does")
    acts = [v0.profile(JOINED_US + HOUR_US, "Bo", bio="Mostly listening.")]
    acts += (v0.post(at_us, phrases.sentence(chance)) for at_us in _moments())
    followed = [people.key("ada"), *(people.stranger(number) for number in range(FOLLOWS - 1))]
    acts += (
        v0.follow(JOINED_US + 2 * HOUR_US + number * 60_000_000, whom)
        for number, whom in enumerate(followed)
    )
    snapshot_us = JOINED_US + 3 * DAY_US
    acts += v0.upload(snapshot_us, owner, "dog.png", "image/png", pictures.landscape(3000))
    acts += _film(owner, acts)
    return in_order(acts)


def _film(owner: str, before: list[Act]) -> list[Act]:
    """A long film, so long that the quota is used to the very percent."""
    at_us = END_US - 5 * DAY_US
    files = remaining(before)
    used = sum(len(body) + _CHARGED_PER_FILE for body in files.values())
    left = QUOTA_MB * 1024 * 1024 * USED_PERCENT // 100 - used - 2 * _CHARGED_PER_FILE
    words = v0.upload(at_us, owner, "holiday.mp4", "video/mp4", b"")[1]
    # The words about the film name its size in eight digits, and the empty one's in one.
    film = films.padded_mp4(left - len(words.body) - len("00000000") + len("0"))
    return v0.upload(at_us, owner, "holiday.mp4", "video/mp4", film)
