"""Mallory: keeps whatever may harm, confuse or break those who look at it."""

from tests.sample_life import broken, hostile, names, people
from tests.sample_life.acts import Act, in_order, moment_us, written_one_by_one

JOINED_US = moment_us(2026, 10, 31, 22)


def life() -> list[Act]:
    """Everything that Mallory ever did."""
    owner = people.key("mallory")
    return in_order(
        [
            *written_one_by_one(hostile.cases(owner), moment_us(2026, 10, 31, 23)),
            *written_one_by_one(names.NAMES, moment_us(2026, 11, 1, 12)),
            *written_one_by_one(broken.cases(owner), moment_us(2026, 11, 18, 12)),
        ]
    )
