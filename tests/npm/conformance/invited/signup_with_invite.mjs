// Sign-up on a homeserver that asks for an invite.
import assert from "node:assert/strict";
import { test } from "node:test";

import { AuthFlowKind, Keypair, Pubky } from "@synonymdev/pubky";

import { ADMIN_API, LINK, homeserver } from "../support/network.mjs";
import { refusal, signedUp } from "../support/people.mjs";

/** A new invite, asked for as the developers of apps do. */
async function newInvite() {
  const response = await fetch(`${ADMIN_API}/generate_signup_token`, {
    headers: { "X-Admin-Password": "admin" },
  });
  assert.equal(response.status, 200);
  return await response.text();
}

test("an invite opens the door", async () => {
  const { session } = await signedUp({ token: await newInvite() });
  await session.storage.putText("/pub/app/a.txt", "a");
  assert.equal(await session.storage.getText("/pub/app/a.txt"), "a");
});

test("without an invite the door is closed with 400", async () => {
  const refused = await refusal(signedUp());
  assert.equal(refused.status, 400);
  assert.match(refused.message, /Token required/);
});

test("an invite that was never made is refused with 401", async () => {
  const refused = await refusal(signedUp({ token: "AAAA-BBBB-CCCC" }));
  assert.equal(refused.status, 401);
  assert.match(refused.message, /Invalid token/);
});

test("a used invite is refused with 401", async () => {
  const token = await newInvite();
  await signedUp({ token });
  const refused = await refusal(signedUp({ token }));
  assert.equal(refused.status, 401);
  assert.match(refused.message, /Token already used/);
});

test("a refused sign-up does not use up the invite", async () => {
  const token = await newInvite();
  const { signer } = await signedUp({ token: await newInvite() });
  assert.equal((await refusal(signer.signup(homeserver(), token))).status, 409);
  await signedUp({ token });
});

test("signing in needs no invite", async () => {
  const { session, signer, z32 } = await signedUp({ token: await newInvite() });
  await session.signout();
  assert.equal((await signer.signin()).info.publicKey.z32(), z32);
});

test("an app's sign-up link carries the invite to the signer", async () => {
  const token = await newInvite();
  const kind = AuthFlowKind.signup(homeserver(), token);
  const flow = Pubky.testnet().startAuthFlow("/pub/app/:rw", kind, LINK);
  const carried = new URL(flow.authorizationUrl).searchParams.get("st");
  assert.equal(carried, token);
  const signer = Pubky.testnet().signer(Keypair.random());
  await signer.signup(homeserver(), carried);
  await signer.approveAuthRequest(flow.authorizationUrl);
  const session = await flow.awaitApproval();
  assert.equal(session.info.publicKey.z32(), signer.publicKey.z32());
  await session.storage.putText("/pub/app/a.txt", "a");
});
