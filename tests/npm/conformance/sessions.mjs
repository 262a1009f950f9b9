// Sign-in, sign-out, keeping sessions, and several people in one client.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Pubky } from "@synonymdev/pubky";

import { refusal, refusedStatus, signedUp } from "./support/people.mjs";

const PATH = "/pub/app/note.txt";

test("after signing out nothing can be written", async () => {
  const { session } = await signedUp();
  await session.storage.putText(PATH, "before");
  await session.signout();
  assert.equal(await refusedStatus(session.storage.putText(PATH, "after")), 401);
});

test("after signing out what was public is still read", async () => {
  const { session, pubky, address } = await signedUp();
  await session.storage.putText(PATH, "before");
  await session.signout();
  assert.equal(await pubky.publicStorage.getText(address + PATH), "before");
});

test("signing out twice is no error", async () => {
  const { session } = await signedUp();
  await session.signout();
  await session.signout();
});

test("signing in again opens the same data", async () => {
  const { session, signer, z32 } = await signedUp();
  await session.storage.putText(PATH, "first");
  await session.signout();
  const again = await signer.signin();
  assert.equal(again.info.publicKey.z32(), z32);
  assert.deepEqual(again.info.capabilities, ["/:rw"]);
  await again.storage.putText(PATH, "second");
  assert.equal(await again.storage.getText(PATH), "second");
});

test("signing in blocking opens the same data", async () => {
  const { session, signer } = await signedUp();
  await session.signout();
  const again = await signer.signinBlocking();
  await again.storage.putText(PATH, "second");
  assert.equal(await again.storage.getText(PATH), "second");
});

test("a client that never met the person signs them in", async () => {
  const { session, keypair } = await signedUp();
  await session.signout();
  const elsewhere = await Pubky.testnet().signer(keypair).signin();
  await elsewhere.storage.putText(PATH, "elsewhere");
  assert.equal(await elsewhere.storage.getText(PATH), "elsewhere");
});

test("an exported session is restored and writes", async () => {
  const { session, pubky, z32 } = await signedUp();
  const restored = await pubky.restoreSession(session.export());
  assert.equal(restored.info.publicKey.z32(), z32);
  assert.deepEqual(restored.info.capabilities, ["/:rw"]);
  await restored.storage.putText(PATH, "restored");
  assert.equal(await session.storage.getText(PATH), "restored");
});

test("a session that ended cannot be restored", async () => {
  const { session, pubky } = await signedUp();
  const exported = session.export();
  await session.signout();
  const refused = await refusal(pubky.restoreSession(exported));
  assert.equal(refused.name, "AuthenticationError");
});

test("two people in one client write each to their own data", async () => {
  const alice = await signedUp();
  const bob = await signedUp({ pubky: alice.pubky });
  await alice.session.storage.putText(PATH, "of alice");
  await bob.session.storage.putText(PATH, "of bob");
  await alice.session.storage.putText("/pub/app/more.txt", "more of alice");
  const { publicStorage } = alice.pubky;
  assert.equal(await publicStorage.getText(alice.address + PATH), "of alice");
  assert.equal(await publicStorage.getText(bob.address + PATH), "of bob");
  assert.equal(await publicStorage.exists(`${bob.address}/pub/app/more.txt`), false);
});

test("when one of two people signs out the other stays", async () => {
  const alice = await signedUp();
  const bob = await signedUp({ pubky: alice.pubky });
  await alice.session.signout();
  await bob.session.storage.putText(PATH, "of bob");
  assert.equal(await bob.session.storage.getText(PATH), "of bob");
  assert.equal(await refusedStatus(alice.session.storage.putText(PATH, "of alice")), 401);
});

test("a handle from before a new sign-in writes to its own person only", async () => {
  const alice = await signedUp();
  const stale = alice.session;
  await stale.signout();
  const bob = await signedUp({ pubky: alice.pubky });
  assert.equal(await refusedStatus(stale.storage.putText(PATH, "stale")), 401);
  assert.equal(await bob.session.storage.exists(PATH), false);
  const again = await alice.signer.signin();
  await stale.storage.putText(PATH, "stale");
  assert.equal(await again.storage.getText(PATH), "stale");
  assert.equal(await bob.session.storage.exists(PATH), false);
});

test("signing in and out in turns keeps two people apart", async () => {
  const alice = await signedUp();
  const bob = await signedUp({ pubky: alice.pubky });
  for (const person of [alice, bob, alice, bob]) {
    await person.session.signout();
    assert.equal(await refusedStatus(person.session.storage.putText(PATH, "out")), 401);
    person.session = await person.signer.signin();
    await person.session.storage.putText(PATH, person.z32);
  }
  assert.equal(await alice.session.storage.getText(PATH), alice.z32);
  assert.equal(await bob.session.storage.getText(PATH), bob.z32);
});
