"""The reference's vectors for finding the tenant, sent as real requests."""

import httpx

from appliance.pubky.keys import Keypair
from tests.support.appliance import Appliance, Person
from tests.support.raw_http import ask
from tests.support.vectors import entries, load_vectors

VECTORS = load_vectors("auth")


async def test_each_vector_reaches_the_user_it_names(
    appliance: Appliance, http: httpx.AsyncClient
) -> None:
    rows = entries(VECTORS, "pubky_host_header")
    wanted = {row["tenant"] for row in rows} - {None}
    seeds = {row["z32"]: row["seed"] for row in entries(VECTORS, "keypairs")}
    for key in sorted(wanted):
        person = Person(Keypair.from_seed(bytes.fromhex(seeds[key])), http)
        await person.sign_up()
        assert (await person.put("/pub/who", key)).status_code == 201
    for row in rows:
        headers = [("pubky-host", row["pubky_host"])] if row["pubky_host"] else []
        target = f"/pub/who?{row['query']}" if row["query"] else "/pub/who"
        answer = await ask(appliance.client_url, "GET", target, headers, host=row["host"])
        tenant = row["tenant"]
        assert answer.brief == ((200, tenant) if tenant else (400, "Missing request tenant")), row
