"""Dee: wrote a while, then the operator disabled the account."""

from tests.sample_life import people, phrases, v0
from tests.sample_life.acts import DAY_US, HOUR_US, Act, in_order, moment_us
from tests.sample_life.chance import Chance

JOINED_US = moment_us(2025, 9, 1, 8)
DISABLED_US = moment_us(2026, 10, 3, 14, 20)
POSTS = 80


def life() -> list[Act]:
    """Everything that Dee ever did."""
    chance = Chance("what Dee does")
    acts = [
        v0.profile(JOINED_US + HOUR_US, "Dee", bio="Buy now! 🔥🔥🔥", status="🔥 Sale"),
        v0.follow(JOINED_US + 2 * HOUR_US, people.key("ada")),
    ]
    moments = chance.moments(POSTS, JOINED_US + DAY_US, DISABLED_US - DAY_US)
    acts += (
        v0.post(at_us, f"{phrases.sentence(chance)} https://sale.example/{number}")
        for number, at_us in enumerate(moments)
    )
    return in_order(acts)
