// Sign-up on a homeserver that takes everyone.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Keypair, Pubky } from "@synonymdev/pubky";

import { HOMESERVER, homeserver, publishedPacket } from "./support/network.mjs";
import { refusal, refusedStatus, signedUp } from "./support/people.mjs";

test("a new key signs up and may do everything", async () => {
  const { session, z32 } = await signedUp();
  assert.equal(session.info.publicKey.z32(), z32);
  assert.deepEqual(session.info.capabilities, ["/:rw"]);
});

test("signing up publishes where the key lives", async () => {
  const { z32, keypair, pubky } = await signedUp();
  assert.ok(await publishedPacket(z32));
  const found = await pubky.getHomeserverOf(keypair.publicKey);
  assert.equal(found.z32(), HOMESERVER);
});

test("signing up twice with one key is refused with 409", async () => {
  const { signer } = await signedUp();
  const refused = await refusal(signer.signup(homeserver(), null));
  assert.equal(refused.status, 409);
  assert.match(refused.message, /User already exists/);
});

test("an invite that nobody asked for is not an obstacle", async () => {
  const { session } = await signedUp({ token: "AAAA-BBBB-CCCC" });
  await session.storage.putText("/pub/app/a.txt", "a");
});

test("an invite that is none is refused with 400", async () => {
  assert.equal(await refusedStatus(signedUp({ token: "invalid" })), 400);
});

test("a key that never signed up cannot sign in", async () => {
  const refused = await refusal(Pubky.testnet().signer(Keypair.random()).signin());
  assert.equal(refused.name, "PkarrError");
});
