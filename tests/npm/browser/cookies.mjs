// What the browser itself keeps and guards: the session cookie.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Pubky } from "@synonymdev/pubky";

import { signedUp } from "../conformance/support/people.mjs";
import { CLIENT_API } from "../conformance/support/network.mjs";

test("the page's own scripts cannot see the session", async () => {
  const { z32 } = await signedUp();
  assert.ok(!document.cookie.includes(z32));
});

test("a request that leaves the cookie at home is nobody's", async () => {
  const { z32 } = await signedUp();
  const statusOf = async (credentials) => {
    const headers = { "pubky-host": z32 };
    const options = { method: "PUT", body: "a", headers, credentials };
    return (await fetch(`${CLIENT_API}/pub/app/a.txt`, options)).status;
  };
  assert.equal(await statusOf("omit"), 401);
  assert.equal(await statusOf("include"), 201);
});

test("a client made later in the page finds the session", async () => {
  const { session, z32 } = await signedUp();
  const restored = await Pubky.testnet().restoreSession(session.export());
  await restored.storage.putText("/pub/app/a.txt", z32);
  assert.equal(await session.storage.getText("/pub/app/a.txt"), z32);
});

test("a refusal can be read across origins", async () => {
  const { z32 } = await signedUp();
  const response = await fetch(`${CLIENT_API}/pub/none`, { headers: { "pubky-host": z32 } });
  assert.equal(response.status, 404);
  assert.equal(await response.text(), "Not Found");
});
