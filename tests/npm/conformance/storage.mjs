// Files: written, read by anyone, described, deleted.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Pubky } from "@synonymdev/pubky";

import { refusedStatus, signedUp } from "./support/people.mjs";

const MEBIBYTE = 1024 * 1024;

/** A body in which no two kilobytes are alike, so that a mix-up shows. */
function largeBody() {
  const words = new Uint32Array(MEBIBYTE / 4).map((_, index) => Math.imul(index, 2654435761));
  return new Uint8Array(words.buffer);
}

/** Whether two bodies are the same; comparing byte by byte with a report would take seconds. */
function sameBytes(one, other) {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

test("JSON comes back as it was put", async () => {
  const { session } = await signedUp();
  const value = { name: "Ålice", list: [1, 2.5, "", true], nested: { empty: {} } };
  await session.storage.putJson("/pub/app/profile.json", value);
  assert.deepEqual(await session.storage.getJson("/pub/app/profile.json"), value);
});

test("text comes back as it was put", async () => {
  const { session } = await signedUp();
  await session.storage.putText("/pub/app/a.txt", "Grüße, 世界 🌍\n");
  assert.equal(await session.storage.getText("/pub/app/a.txt"), "Grüße, 世界 🌍\n");
});

test("bytes come back as they were put", async () => {
  const { session } = await signedUp();
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  await session.storage.putBytes("/pub/app/a.bin", bytes);
  assert.ok(sameBytes(await session.storage.getBytes("/pub/app/a.bin"), bytes));
});

test("an empty file is a file", async () => {
  const { session } = await signedUp();
  await session.storage.putBytes("/pub/app/empty", new Uint8Array());
  assert.equal((await session.storage.getBytes("/pub/app/empty")).length, 0);
  assert.equal((await session.storage.stats("/pub/app/empty")).contentLength, 0);
});

test("a second put replaces the first", async () => {
  const { session } = await signedUp();
  await session.storage.putText("/pub/app/a.txt", "a long first version");
  await session.storage.putText("/pub/app/a.txt", "second");
  assert.equal(await session.storage.getText("/pub/app/a.txt"), "second");
});

test("names with spaces, percent signs and accents are kept apart", async () => {
  const { session } = await signedUp();
  const names = ["100%.txt", "a b.txt", "a%20b.txt", "a+b.txt", "é.txt"];
  for (const name of names) await session.storage.putText(`/pub/names/${name}`, name);
  for (const name of names) {
    assert.equal(await session.storage.getText(`/pub/names/${name}`), name);
  }
  assert.equal((await session.storage.list("/pub/names/")).length, names.length);
});

test("a name with a space and an accent is listed as it is", async () => {
  const { pubky, z32 } = await signedUp();
  // Not through the session's storage: that escapes a name before the address is escaped again.
  const directory = `https://_pubky.${z32}/pub/names/`;
  const options = { method: "PUT", body: "a", credentials: "include" };
  assert.equal((await pubky.client.fetch(`${directory}é b.txt`, options)).status, 201);
  const listed = await pubky.client.fetch(directory);
  assert.equal(await listed.text(), `pubky://${z32}/pub/names/é b.txt`);
});

test("a stranger's client reads what is public", async () => {
  const { session, address } = await signedUp();
  await session.storage.putJson("/pub/app/a.json", { of: "alice" });
  const stranger = Pubky.testnet().publicStorage;
  assert.deepEqual(await stranger.getJson(`${address}/pub/app/a.json`), { of: "alice" });
  assert.equal(await stranger.getText(`${address}/pub/app/a.json`), '{"of":"alice"}');
});

test("another person's session reads what is public", async () => {
  const alice = await signedUp();
  const bob = await signedUp();
  await alice.session.storage.putText("/pub/app/a.txt", "for bob");
  assert.equal(await bob.pubky.publicStorage.getText(`${alice.address}/pub/app/a.txt`), "for bob");
});

test("the older form of an address is understood", async () => {
  const { session, pubky, z32 } = await signedUp();
  await session.storage.putText("/pub/app/a.txt", "a");
  assert.equal(await pubky.publicStorage.getText(`pubky://${z32}/pub/app/a.txt`), "a");
});

test("a deleted file is gone for its owner and for everyone", async () => {
  const { session, pubky, address } = await signedUp();
  await session.storage.putText("/pub/app/a.txt", "a");
  await session.storage.delete("/pub/app/a.txt");
  assert.equal(await refusedStatus(session.storage.getText("/pub/app/a.txt")), 404);
  assert.equal(await refusedStatus(pubky.publicStorage.getText(`${address}/pub/app/a.txt`)), 404);
});

test("deleting twice is refused with 404", async () => {
  const { session } = await signedUp();
  await session.storage.putText("/pub/app/a.txt", "a");
  await session.storage.delete("/pub/app/a.txt");
  assert.equal(await refusedStatus(session.storage.delete("/pub/app/a.txt")), 404);
});

test("statistics describe a file", async () => {
  const { session, pubky, address } = await signedUp();
  const before_s = Math.floor(Date.now() / 1000);
  await session.storage.putText("/pub/app/a.json", '{"a":1}');
  const stats = await session.storage.stats("/pub/app/a.json");
  assert.equal(stats.contentLength, 7);
  assert.equal(stats.contentType, "application/json");
  assert.match(stats.etag, /[A-Za-z0-9+/]{43}=/);
  assert.ok(stats.lastModifiedMs >= before_s * 1000);
  assert.ok(stats.lastModifiedMs <= Date.now());
  assert.deepEqual(await pubky.publicStorage.stats(`${address}/pub/app/a.json`), stats);
});

test("the entity tag follows the content", async () => {
  const { session } = await signedUp();
  const tagOf = async (text) => {
    await session.storage.putText("/pub/app/a.txt", text);
    return (await session.storage.stats("/pub/app/a.txt")).etag;
  };
  const first = await tagOf("one");
  assert.notEqual(await tagOf("two"), first);
  assert.equal(await tagOf("one"), first);
});

test("what is not there has no statistics and does not exist", async () => {
  const { session, pubky, address } = await signedUp();
  assert.equal(await session.storage.exists("/pub/app/none"), false);
  assert.equal(await session.storage.stats("/pub/app/none"), undefined);
  assert.equal(await pubky.publicStorage.exists(`${address}/pub/app/none`), false);
  assert.equal(await pubky.publicStorage.stats(`${address}/pub/app/none`), undefined);
});

test("what is there exists", async () => {
  const { session, pubky, address } = await signedUp();
  await session.storage.putText("/pub/app/a.txt", "a");
  assert.equal(await session.storage.exists("/pub/app/a.txt"), true);
  assert.equal(await pubky.publicStorage.exists(`${address}/pub/app/a.txt`), true);
});

test("a mebibyte goes up and comes back whole", async () => {
  const { session } = await signedUp();
  const body = largeBody();
  await session.storage.putBytes("/pub/app/large.bin", body);
  assert.ok(sameBytes(await session.storage.getBytes("/pub/app/large.bin"), body));
});

test("a mebibyte is streamed to its owner and to a stranger", async () => {
  const { session, address } = await signedUp();
  const body = largeBody();
  await session.storage.putBytes("/pub/app/large.bin", body);
  const url = `${address}/pub/app/large.bin`;
  for (const response of [
    await session.storage.get("/pub/app/large.bin"),
    await Pubky.testnet().publicStorage.get(url),
  ]) {
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-length"), String(MEBIBYTE));
    const received = new Uint8Array(MEBIBYTE);
    let length = 0;
    const reader = response.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      received.set(part.value, length);
      length += part.value.length;
    }
    assert.equal(length, MEBIBYTE);
    assert.ok(sameBytes(received, body));
  }
});

test("ten uploads at once all arrive", async () => {
  const { session } = await signedUp();
  const names = Array.from({ length: 10 }, (_, index) => `/pub/many/${index}.txt`);
  await Promise.all(names.map((name) => session.storage.putText(name, name)));
  const texts = await Promise.all(names.map((name) => session.storage.getText(name)));
  assert.deepEqual(texts, names);
});
