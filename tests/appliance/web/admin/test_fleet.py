"""The list of the operator's nodes, over the admin API."""

import json

import httpx

from tests.support.appliance import ADMIN_PASSWORD, Appliance

PASSWORD = {"X-Admin-Password": ADMIN_PASSWORD}


async def test_without_a_list_there_is_none(appliance: Appliance) -> None:
    async with httpx.AsyncClient(base_url=appliance.admin_url, headers=PASSWORD) as http:
        assert (await http.get("/fleet")).status_code == 404
        assert (await http.get("/node")).json()["has_fleet"] is False


async def test_the_list_is_given_to_the_operator_alone(appliance: Appliance) -> None:
    listed = {"at": "2026-11-21T10:00:00Z", "nodes": [{"name": "pi", "verdict": "healthy"}]}
    (appliance.data_dir / "fleet.json").write_text(json.dumps(listed))
    async with httpx.AsyncClient(base_url=appliance.admin_url) as http:
        assert (await http.get("/fleet")).status_code == 401
        said = (await http.get("/fleet", headers=PASSWORD)).json()
        assert (await http.get("/node", headers=PASSWORD)).json()["has_fleet"] is True
    assert said["at"] == "2026-11-21T10:00:00+00:00"
    assert [(node["name"], node["verdict"]) for node in said["items"]] == [("pi", "healthy")]
