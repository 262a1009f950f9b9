"""What takes room, drawn: a treemap of folders and the growth month by month."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from markupsafe import Markup, escape

from dashboard.drawings.treemap import squarified
from dashboard.wording import size, visible_name

_WIDTH, _HEIGHT = 960, 420
_MOST_BOXES = 60
_LABEL_WIDTH, _LABEL_HEIGHT = 90, 30
_CHARACTER_WIDTH = 8.0
_BARS_HEIGHT = 160


@dataclass(frozen=True, slots=True)
class Part:
    """Something that takes room; `address` is its page, and `is_private` hatches it."""

    name: str
    byte_count: int
    address: str
    is_private: bool


class Outcome(Protocol):
    """A day and what became of it."""

    @property
    def day(self) -> str:
        """The date."""

    @property
    def outcome(self) -> str:
        """`published`, `failed` or `none`."""


def treemap(parts: Sequence[Part]) -> Markup:
    """Boxes as large as the parts, largest first; each a link, so the keyboard goes by size."""
    ordered = sorted(parts, key=lambda part: (-part.byte_count, part.name))[:_MOST_BOXES]
    drawn = [
        (
            '<pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse">'
            '<path d="M0 8L8 0" class="hatch"/></pattern>'
        )
    ]
    for box in squarified([part.byte_count for part in ordered], _WIDTH, _HEIGHT):
        part = ordered[box.index]
        title = escape(f"{visible_name(part.name)}, {size(part.byte_count)}")
        shape = (
            f'x="{box.x + 1:.1f}" y="{box.y + 1:.1f}" width="{max(box.width - 2, 0.5):.1f}"'
            f' height="{max(box.height - 2, 0.5):.1f}" rx="3"'
        )
        label = ""
        if box.width >= _LABEL_WIDTH and box.height >= _LABEL_HEIGHT:
            room = int((box.width - 16) / _CHARACTER_WIDTH)
            name = visible_name(part.name)
            shown = name if len(name) <= room else name[: max(room - 1, 1)] + "…"
            second = (
                f'<text x="{box.x + 9:.1f}" y="{box.y + 37:.1f}" class="small">'
                f"{escape(size(part.byte_count))}</text>"
                if box.height >= _LABEL_HEIGHT + 14
                else ""
            )
            # The title says it in full, and assistive technology reads that.
            label = (
                f'<g aria-hidden="true"><text x="{box.x + 9:.1f}" y="{box.y + 20:.1f}">'
                f"{escape(shown)}</text>{second}</g>"
            )
        hatch = f'<rect {shape} fill="url(#hatch)"/>' if part.is_private else ""
        drawn.append(
            f'<a href="{escape(part.address)}"><title>{title}</title>'
            f'<rect {shape} class="box"/>{hatch}{label}</a>'
        )
    return Markup(  # noqa: S704 - names and addresses were escaped, the rest is numbers
        f'<svg class="treemap" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="group"'
        f' aria-label="What takes room, largest first">{"".join(drawn)}</svg>'
    )


def growth(months: Sequence[tuple[str, int]]) -> Markup:
    """A bar for each month, as high as the bytes that came in it and are still there."""
    highest = max((count for _, count in months), default=0) or 1
    step = _WIDTH / max(len(months), 1)
    bars = []
    for index, (month, count) in enumerate(months):
        height = max(count / highest * (_BARS_HEIGHT - 4), 1)
        bars.append(
            f'<rect class="box" x="{index * step + 1:.1f}" y="{_BARS_HEIGHT - height:.1f}"'
            f' width="{max(step - 2, 1):.1f}" height="{height:.1f}">'
            f"<title>{escape(month)}: {escape(size(count))}</title></rect>"
        )
    return Markup(  # noqa: S704 - months and sizes of our own, escaped all the same
        f'<svg class="growth" viewBox="0 0 {_WIDTH} {_BARS_HEIGHT}" role="img"'
        ' aria-label="Bytes by the month in which they came" preserveAspectRatio="none">'
        f"{''.join(bars)}</svg>"
    )


def days_strip(days: Sequence[Outcome]) -> Markup:
    """A mark for each day, oldest first; height and colour tell the outcomes apart."""
    step = _WIDTH / max(len(days), 1)
    marks = []
    for index, day in enumerate(days):
        height = {"published": 40, "failed": 20}.get(day.outcome, 4)
        marks.append(
            f'<rect class="day {escape(day.outcome)}" x="{index * step + 1:.1f}" y="{44 - height}"'
            f' width="{max(step - 2, 1):.1f}" height="{height}">'
            f"<title>{escape(day.day)}: {escape(day.outcome)}</title></rect>"
        )
    return Markup(  # noqa: S704 - dates and words of our own, escaped all the same
        f'<svg class="strip" viewBox="0 0 {_WIDTH} 44" role="img" preserveAspectRatio="none"'
        f' aria-label="Attempts of the last {len(days)} days">{"".join(marks)}</svg>'
    )
