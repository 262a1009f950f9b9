"""Sparklines: a line of figures over time, made on the server, with its numbers beside it."""

from collections.abc import Sequence

from markupsafe import Markup, escape

_WIDTH, _HEIGHT = 480, 90
_MOST_POINTS = 240


def sparkline(title: str, values: Sequence[float]) -> Markup:
    """A line from the oldest to the newest value; fewer than two values draw nothing."""
    if len(values) < 2:
        return Markup("")
    shown = thinned(values)
    low, high = min(0.0, *shown), max(shown)
    span = (high - low) or 1.0
    step = _WIDTH / (len(shown) - 1)
    points = " ".join(
        f"{index * step:.1f},{_HEIGHT - 4 - (value - low) / span * (_HEIGHT - 8):.1f}"
        for index, value in enumerate(shown)
    )
    return Markup(  # noqa: S704 - numbers, and a title that is escaped
        f'<svg class="spark" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        f' aria-label="{escape(title)}" preserveAspectRatio="none">'
        f'<polygon points="0,{_HEIGHT} {points} {_WIDTH},{_HEIGHT}"/>'
        f'<polyline points="{points}"/></svg>'
    )


def thinned(values: Sequence[float]) -> list[float]:
    """At most so many values, each the highest of its neighbours: peaks must stay."""
    if len(values) <= _MOST_POINTS:
        return list(values)
    size = -(-len(values) // _MOST_POINTS)
    return [max(values[at : at + size]) for at in range(0, len(values), size)]
