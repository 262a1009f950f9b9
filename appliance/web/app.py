"""The client API's small routes on Quart."""

from quart import Quart

from appliance.web import (
    announcements,
    grants,
    info,
    own_data,
    own_history,
    own_many,
    own_past,
    sessions,
    signup_tokens,
)
from appliance.web.on_quart import bare_app
from appliance.web.services import Services


def create_client_app(services: Services) -> Quart:
    """The routes of the client API that are not storage."""
    app = bare_app("client")
    for part in (
        info,
        sessions,
        grants,
        signup_tokens,
        own_data,
        own_history,
        own_many,
        own_past,
        announcements,
    ):
        app.register_blueprint(part.routes(services))
    return app
