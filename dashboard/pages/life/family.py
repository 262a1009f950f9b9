"""All pages of the visitor's life."""

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
    removing_posts,
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
        people,
        galleries,
        settings,
        removing,
        removing_posts,
    ):
        pages.routes(table, parts)
