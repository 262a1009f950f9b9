"""The node signs that an export's manifest came from it, and tells whether somebody else did.

It signs no bytes of the caller's, only a hash in a frame that nothing else is signed in.
"""

from typing import Any

from quart import Blueprint, Response, jsonify

from appliance.errors import PubkyError, invalid
from appliance.pubky.keys import PublicKey
from appliance.pubky.manifest_signatures import HASH_BYTES, ManifestStatement
from appliance.web.admin.pages import json_object, key_of, text_of
from appliance.web.admin.services import AdminServices
from appliance.web.on_quart import request_scope

READ, WRITE = "archives:sign", "archives:sign"


def routes(services: AdminServices) -> Blueprint:
    """`POST /sign-manifest` and `POST /sign-manifest/check`."""
    blueprint = Blueprint("manifest_signatures", __name__)
    keypair = services.network.keypair

    @blueprint.post("/sign-manifest")
    async def sign() -> tuple[Response, int]:
        wish = await json_object()
        owner = key_of(text_of(wish, "owner"))
        if not await services.node.storage.user_exists(PublicKey.parse(owner)):
            raise PubkyError("not_found", "Nobody with this key has an account here")
        statement = ManifestStatement(
            PublicKey.parse(owner), _hex(wish, "blake3"), services.node.clock()
        )
        request_scope()["subject"] = f"{owner} {statement.manifest_hash.hex()}"
        signed = {
            "node": keypair.public_key.z32,
            "owner": owner,
            "blake3": statement.manifest_hash.hex(),
            "at_us": statement.at_us,
            "signature": statement.sign(keypair).hex(),
        }
        return jsonify(signed), 201

    @blueprint.post("/sign-manifest/check")
    async def check() -> Response:
        wish = await json_object()
        at_us = wish.get("at_us")
        if type(at_us) is not int:
            raise invalid("at_us must be a whole number of microseconds")
        node = PublicKey.parse(key_of(text_of(wish, "node")))
        owner = PublicKey.parse(key_of(text_of(wish, "owner")))
        statement = ManifestStatement(owner, _hex(wish, "blake3"), at_us)
        signature = _bytes(wish, "signature")
        return jsonify(
            {
                "is_signed": statement.is_signed_by(node, signature),
                "is_this_node": node == keypair.public_key,
            }
        )

    return blueprint


def _hex(wish: dict[str, Any], name: str) -> bytes:
    found = _bytes(wish, name)
    if len(found) != HASH_BYTES:
        raise invalid(f"{name} must be a BLAKE3 hash, 64 hexadecimal digits")
    return found


def _bytes(wish: dict[str, Any], name: str) -> bytes:
    try:
        return bytes.fromhex(text_of(wish, name))
    except ValueError:
        raise invalid(f"{name} must be hexadecimal") from None
