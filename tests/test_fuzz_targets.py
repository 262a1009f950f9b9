"""The fuzzer's targets take their seeds and some other inputs; `make fuzz` does the rest."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_are_taken_well(name: str) -> None:
    target = TARGETS[name]
    seeds = target.seeds()
    assert seeds
    for seed in seeds:
        target.feed(seed)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_changed_seeds_and_noise_are_taken_well(name: str, data: st.DataObject) -> None:
    target = TARGETS[name]
    seed = bytearray(data.draw(st.sampled_from(target.seeds())))
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6)
    ):
        if seed:
            seed[place % len(seed)] = value
    target.feed(bytes(seed))
    target.feed(data.draw(st.binary(max_size=300)))
