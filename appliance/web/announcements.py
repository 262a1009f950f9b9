"""What people are told of looks into their files by whoever runs the node."""

from quart import Blueprint, Response

from appliance.errors import PubkyError
from appliance.homeserver.break_glass import announcements
from appliance.pubky.capabilities import covers_everything
from appliance.web.owner_requests import answer, moment, number, number_or_none, owner_session
from appliance.web.services import Services

LARGEST_PAGE = 100


def routes(services: Services) -> Blueprint:
    """`GET /owner/announcements`."""
