"""Many questions of an owner in one request."""

from base64 import b64decode

import pytest

from tests.appliance.web.test_own_data import indexed
from tests.support.appliance import Person


async def post(person: Person, what: str, body: object) -> object:
    response = await person.http.post(f"/owner/{what}", json=body, headers=person.headers)
    assert response.status_code == 200, response.text
    return response.json()["items"]


async def test_small_objects_come_together(alice: Person) -> None:
    await alice.put("/pub/a", b"one")
    await alice.put("/priv/b", b"")
    await alice.put("/pub/long", b"x" * 70_000)
    found = await post(alice, "objects", {"paths": ["/pub/a", "/priv/b", "/pub/no", "/pub/long"]})
    assert isinstance(found, list)
    assert [(item["is_there"], item["content"] is not None) for item in found] == [
        (True, True),
        (True, True),
        (False, False),
        (True, False),
    ]
    assert b64decode(found[0]["content"]) == b"one"


async def test_nobody_gets_anothers_objects(alice: Person, bob: Person) -> None:
    await alice.put("/priv/a", b"one")
    found = await post(bob, "objects", {"paths": ["/priv/a"]})
    assert found == [{"path": "/priv/a", "is_there": False, "content": None}]


async def test_references_to_many_come_together(alice: Person) -> None:
    own = f"pubky://{alice.z32}/pub"
    await alice.put("/pub/tag", f'{{"uri": "{own}/post"}}')
    await indexed(alice)
    found = await post(alice, "references", {"targets": [f"{own}/post", f"{own}/none"]})
    assert found == [
        {"target": f"{own}/post", "paths": ["/pub/tag"]},
        {"target": f"{own}/none", "paths": []},
    ]


@pytest.mark.parametrize("body", [{}, {"paths": "x"}, {"paths": [1]}, {"paths": ["/a"] * 201}, []])
async def test_what_is_no_list_of_texts_is_refused(alice: Person, body: object) -> None:
    response = await alice.http.post("/owner/objects", json=body, headers=alice.headers)
    assert response.status_code == 400


@pytest.mark.parametrize("what", ["objects", "references"])
async def test_a_session_for_less_is_refused(alice: Person, what: str) -> None:
    app = Person(alice.keypair, alice.http)
    await app.sign_in(capabilities="/pub/:rw")
    body: dict[str, list[str]] = {"paths": [], "targets": []}
    response = await app.http.post(f"/owner/{what}", json=body, headers=app.headers)
    assert response.status_code == 403
