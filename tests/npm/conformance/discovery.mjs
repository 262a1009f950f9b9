// Where a key lives: looked up, published, published again.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Keypair, Pubky } from "@synonymdev/pubky";

import { HOMESERVER, homeserver, publishedPacket, signedAt } from "./support/network.mjs";
import { signedUp } from "./support/people.mjs";

test("the homeserver of a person is found by a client that never met them", async () => {
  const { keypair } = await signedUp();
  const found = await Pubky.testnet().getHomeserverOf(keypair.publicKey);
  assert.equal(found.z32(), HOMESERVER);
});

test("the homeserver of an unknown key is undefined", async () => {
  const found = await Pubky.testnet().getHomeserverOf(Keypair.random().publicKey);
  assert.equal(found, undefined);
});

test("a signer finds its own homeserver", async () => {
  const { signer } = await signedUp();
  assert.equal((await signer.pkdns.getHomeserver()).z32(), HOMESERVER);
});

test("a fresh record is not published again", async () => {
  const { signer, z32 } = await signedUp();
  const before = await publishedPacket(z32);
  await signer.pkdns.publishHomeserverIfStale(homeserver());
  assert.equal(signedAt(await publishedPacket(z32)), signedAt(before));
});

test("a forced publication replaces the record by a newer one", async () => {
  const { signer, z32, keypair } = await signedUp();
  const before = await publishedPacket(z32);
  await signer.pkdns.publishHomeserverForce(homeserver());
  assert.ok(signedAt(await publishedPacket(z32)) > signedAt(before));
  const found = await Pubky.testnet().getHomeserverOf(keypair.publicKey);
  assert.equal(found.z32(), HOMESERVER);
});

test("a key without a record is published when it is stale", async () => {
  const keypair = Keypair.random();
  const signer = Pubky.testnet().signer(keypair);
  await signer.pkdns.publishHomeserverIfStale(homeserver());
  const found = await Pubky.testnet().getHomeserverOf(keypair.publicKey);
  assert.equal(found.z32(), HOMESERVER);
});

test("a record can be moved to another homeserver", async () => {
  const { signer, keypair } = await signedUp();
  const elsewhere = Keypair.random().publicKey;
  const expected = elsewhere.z32();
  await signer.pkdns.publishHomeserverForce(elsewhere);
  const found = await Pubky.testnet().getHomeserverOf(keypair.publicKey);
  assert.equal(found.z32(), expected);
});

test("the homeserver answers under its own key", async () => {
  const response = await Pubky.testnet().client.fetch(`https://${HOMESERVER}/`);
  assert.equal(response.status, 200);
  assert.equal(await response.text(), "Pubky Homeserver");
});
