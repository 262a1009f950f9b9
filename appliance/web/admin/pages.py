"""How the operator's lists are asked for, page by page."""

from quart import request

from appliance.errors import invalid

DEFAULT_LIMIT = 100
LARGEST_LIMIT = 1000


def page_limit() -> int:
    """The `limit` of a list: 1 to 65535, 1000 at most; raises PubkyError invalid."""
    text = request.args.get("limit")
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise invalid("Invalid limit: a number from 1 to 65535 is needed")
    return min(int(text), LARGEST_LIMIT)


def row_cursor() -> int | None:
    """The `cursor` of a list in row order: the id of the last row seen; raises PubkyError."""
    text = request.args.get("cursor", "")
    if text == "":
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise invalid("Invalid cursor")
    return int(text)
