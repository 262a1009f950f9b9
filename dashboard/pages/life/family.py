"""All pages of the visitor's life; they share what is remembered of other people's names."""

from dashboard.pages.life import post, timeline
from dashboard.parts import Parts
from dashboard.routes import RouteTable


def routes(table: RouteTable, parts: Parts) -> None:
    """Register every page below `/me`."""
    timeline.routes(table, parts)
    post.routes(table, parts)
