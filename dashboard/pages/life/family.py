"""All pages of the visitor's life; they share what is remembered of other people's names."""

from dashboard.life.neighbours import Neighbours
from dashboard.pages.life import (
    compose,
    galleries,
    lists,
    people,
    post,
    post_acts,
    profile,
    profile_form,
    removing,
    settings,
    timeline,
)
from dashboard.parts import Parts
from dashboard.routes import RouteTable


def routes(table: RouteTable, parts: Parts) -> None:
    """Register every page below `/me`."""
    for pages in (
        profile,
        profile_form,
        timeline,
        compose,
        post,
        post_acts,
        lists,
        galleries,
        settings,
        removing,
    ):
        pages.routes(table, parts)
    people.routes(table, parts, Neighbours(parts.client, parts.now_s))
