"""A treemap: boxes as large as what they stand for, squarified (Bruls, Huizing, van Wijk, 2000)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle for the value at `index`; lengths in the unit of the whole."""

    index: int
    x: float
    y: float
    width: float
    height: float


def squarified(values: Sequence[float], width: float, height: float) -> tuple[Box, ...]:
    """Boxes for values in descending order that fill the whole; zeros get none."""
    total = sum(values)
    if total <= 0:
        return ()
    scale = width * height / total
    areas = [(index, value * scale) for index, value in enumerate(values) if value > 0]
    return tuple(_placed(areas, 0.0, 0.0, width, height))


def _placed(
    areas: list[tuple[int, float]], x: float, y: float, width: float, height: float
) -> Iterator[Box]:
    while areas:
        side = min(width, height)
        count = _row_length([area for _, area in areas], side)
        row, areas = areas[:count], areas[count:]
        thickness = sum(area for _, area in row) / side
        at = 0.0
        for index, area in row:
            length = area / thickness
            if width >= height:
                yield Box(index, x, y + at, thickness, length)
            else:
                yield Box(index, x + at, y, length, thickness)
            at += length
        if width >= height:
            x, width = x + thickness, max(width - thickness, 1e-9)
        else:
            y, height = y + thickness, max(height - thickness, 1e-9)


def _row_length(areas: Sequence[float], side: float) -> int:
    """How many of the first areas make the squarest row along a side."""
    best, count = float("inf"), 0
    total = 0.0
    for area in areas:
        total += area
        worst = max(
            side**2 * areas[0] / total**2,
            total**2 / (side**2 * area),
        )
        if worst > best:
            break
        best, count = worst, count + 1
    return max(count, 1)
