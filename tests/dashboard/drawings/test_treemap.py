"""A treemap fills its whole with boxes as large as their values, and none lies over another."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.drawings.treemap import squarified
from dashboard.drawings.usage import Part, growth, treemap

values = st.lists(st.floats(1, 1e6), min_size=1, max_size=40).map(
    lambda found: sorted(found, reverse=True)
)


@given(values, st.floats(10, 1000), st.floats(10, 1000))
def test_boxes_are_as_large_as_their_values(
    found: list[float], width: float, height: float
) -> None:
    boxes = squarified(found, width, height)
    scale = width * height / sum(found)
    for box in boxes:
        assert math.isclose(box.width * box.height, found[box.index] * scale, rel_tol=1e-6)
        assert box.x >= -1e-6
        assert box.x + box.width <= width * (1 + 1e-6)
        assert box.y + box.height <= height * (1 + 1e-6)


@given(values)
def test_no_box_lies_over_another(found: list[float]) -> None:
    boxes = squarified(found, 100, 60)
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
            down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
            assert min(across, down) <= 1e-6


@pytest.mark.parametrize("found", [[], [0], [0, 0]])
def test_nothing_has_no_boxes(found: list[float]) -> None:
    assert squarified(found, 100, 100) == ()


def test_names_are_escaped_in_drawings() -> None:
    drawn = treemap([Part('/pub/<b>"&/', 100, '/files/pub/%3Cb%3E"', is_private=True)])
    assert "<b>" not in drawn
    assert '"&' not in drawn
    assert "<b>" not in growth([("<b>", 1)])
