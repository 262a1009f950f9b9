// An app asks, the person's signer approves, the relay carries the answer.
import assert from "node:assert/strict";
import { test } from "node:test";

import { AuthFlowKind, AuthToken, Keypair, Pubky } from "@synonymdev/pubky";

import { CLIENT_API, HOMESERVER, INBOX, LINK, homeserver } from "./support/network.mjs";
import { refusedStatus, signedUp } from "./support/people.mjs";
import { base64url, channelId, decrypted } from "./support/signing_channel.mjs";

const CAPABILITIES = "/pub/app.example/:rw,/pub/foo.bar/file:r";

test("an app signs a person in through the link relay", async () => {
  const { signer, z32, session: signersOwn } = await signedUp();
  const flow = Pubky.testnet().startAuthFlow(CAPABILITIES, AuthFlowKind.signin(), LINK);
  assert.match(flow.authorizationUrl, /^pubkyauth:\/\/signin\?/);
  await signer.approveAuthRequest(flow.authorizationUrl);
  const session = await flow.awaitApproval();
  assert.equal(session.info.publicKey.z32(), z32);
  assert.deepEqual(session.info.capabilities, CAPABILITIES.split(","));
  await session.storage.putText("/pub/app.example/a.txt", "a");
  assert.equal(await signersOwn.storage.getText("/pub/app.example/a.txt"), "a");
});

test("an app may do what was approved and nothing else", async () => {
  const { signer } = await signedUp();
  const flow = Pubky.testnet().startAuthFlow(CAPABILITIES, AuthFlowKind.signin(), LINK);
  await signer.approveAuthRequest(flow.authorizationUrl);
  const { storage } = await flow.awaitApproval();
  await storage.putText("/pub/app.example/a.txt", "a");
  assert.equal(await refusedStatus(storage.putText("/pub/app.example2/a.txt", "a")), 403);
  assert.equal(await refusedStatus(storage.putText("/pub/foo.bar/file", "a")), 403);
  assert.equal(await refusedStatus(storage.putText("/priv/app.example/a.txt", "a")), 403);
  assert.equal(await refusedStatus(storage.getText("/priv/app.example/a.txt")), 403);
});

test("an app that waits already is answered when the person approves", async () => {
  const { signer, z32 } = await signedUp();
  const flow = Pubky.testnet().startAuthFlow("/pub/app/:rw", AuthFlowKind.signin(), LINK);
  const approval = flow.awaitApproval();
  await signer.approveAuthRequest(flow.authorizationUrl);
  assert.equal((await approval).info.publicKey.z32(), z32);
});

test("an app signs a new person up through the link relay", async () => {
  const kind = AuthFlowKind.signup(homeserver(), null);
  const flow = Pubky.testnet().startAuthFlow(CAPABILITIES, kind, LINK);
  assert.match(flow.authorizationUrl, /^pubkyauth:\/\/signup\?/);
  assert.equal(new URL(flow.authorizationUrl).searchParams.get("hs"), HOMESERVER);
  // The signer makes the account, then approves.
  const signer = Pubky.testnet().signer(Keypair.random());
  await signer.signup(homeserver(), null);
  await signer.approveAuthRequest(flow.authorizationUrl);
  const session = await flow.awaitApproval();
  assert.equal(session.info.publicKey.z32(), signer.publicKey.z32());
  assert.deepEqual(session.info.capabilities, CAPABILITIES.split(","));
  await session.storage.putText("/pub/app.example/a.txt", "a");
  assert.equal(await session.storage.getText("/pub/app.example/a.txt"), "a");
});

test("an app that only wants to know who it is gets a token that verifies", async () => {
  const { signer, z32 } = await signedUp();
  const flow = Pubky.testnet().startAuthFlow("", AuthFlowKind.signin(), LINK);
  await signer.approveAuthRequest(flow.authorizationUrl);
  const token = await flow.awaitToken();
  const verified = AuthToken.verify(token.toBytes());
  assert.equal(verified.publicKey.z32(), z32);
  assert.deepEqual(verified.capabilities, []);
});

test("what the signer puts into the inbox reaches an app that waits on the link", async () => {
  const { signer, z32 } = await signedUp();
  const flow = Pubky.testnet().startAuthFlow("/pub/app/:rw", AuthFlowKind.signin(), LINK);
  const url = new URL(flow.authorizationUrl);
  url.searchParams.set("relay", INBOX);
  await signer.approveAuthRequest(url.href);
  assert.equal((await flow.awaitApproval()).info.publicKey.z32(), z32);
});

test("an app without the client takes the answer from the inbox and signs in", async () => {
  const { signer, z32 } = await signedUp();
  const secret = Keypair.random().secret();
  const inbox = `${INBOX}/${channelId(secret)}`;
  const query = new URLSearchParams({ caps: "/pub/app/:rw", relay: INBOX });
  query.set("secret", base64url(secret));

  const polled = fetch(inbox);
  await signer.approveAuthRequest(`pubkyauth://signin?${query}`);
  const received = await polled;
  assert.equal(received.status, 200);
  assert.equal(await (await fetch(`${inbox}/ack`)).text(), "false");
  const payload = new Uint8Array(await received.arrayBuffer());
  assert.equal((await fetch(inbox, { method: "DELETE" })).status, 200);
  assert.equal(await (await fetch(`${inbox}/ack`)).text(), "true");

  const token = AuthToken.verify(decrypted(payload, secret));
  assert.equal(token.publicKey.z32(), z32);
  const signedIn = await fetch(`${CLIENT_API}/session`, {
    method: "POST",
    headers: { "pubky-host": z32 },
    body: token.toBytes(),
    credentials: "include",
  });
  assert.equal(signedIn.status, 200);
  const put = await fetch(`${CLIENT_API}/pub/app/a.txt`, {
    method: "PUT",
    headers: { "pubky-host": z32 },
    body: "a",
    credentials: "include",
  });
  assert.equal(put.status, 201);
});

test("an answer is good for one sign-in only", async () => {
  const { signer, z32 } = await signedUp();
  const flow = Pubky.testnet().startAuthFlow("/pub/app/:rw", AuthFlowKind.signin(), LINK);
  await signer.approveAuthRequest(flow.authorizationUrl);
  const body = (await flow.awaitToken()).toBytes();
  const signIn = () =>
    fetch(`${CLIENT_API}/session`, { method: "POST", headers: { "pubky-host": z32 }, body });
  assert.equal((await signIn()).status, 200);
  assert.equal((await signIn()).status, 400);
});
