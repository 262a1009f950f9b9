// Directories: deep and shallow, forwards and backwards, page by page.
import assert from "node:assert/strict";
import { before, test } from "node:test";

import { Pubky } from "@synonymdev/pubky";

import { refusedStatus, signedUp } from "./support/people.mjs";

// In the order of their bytes: "-" before "." before "/".
const FILES = [
  "a.com/one",
  "a.com/two",
  "example.com/a.txt",
  "example.com/b.txt",
  "example.com/cc-nested/z.txt",
  "example.com/d.txt",
  "example.con-file",
  "example.con/d.txt",
  "file",
  "z.com/a",
];
const CHILDREN = ["a.com/", "example.com/", "example.con-file", "example.con/", "file", "z.com/"];

let alice;

before(async () => {
  alice = await signedUp();
  // All at once and in another order than the listing's.
  const { storage } = alice.session;
  const names = [...FILES].reverse();
  await Promise.all(names.map((name) => storage.putBytes(`/pub/${name}`, new Uint8Array())));
});

/** What the owner and a stranger both see, without the part that is the same in every line. */
async function names(path, { cursor = null, reverse = false, limit = null, shallow = false } = {}) {
  const options = [cursor, reverse, limit, shallow];
  const own = await alice.session.storage.list(path, ...options);
  const seen = await Pubky.testnet().publicStorage.list(alice.address + path, ...options);
  assert.deepEqual(seen, own);
  const start = `pubky://${alice.z32}/pub/`;
  for (const line of own) assert.ok(line.startsWith(start), line);
  return own.map((line) => line.slice(start.length));
}

function address(name) {
  return `pubky://${alice.z32}/pub/${name}`;
}

test("a deep list names every file in order", async () => {
  assert.deepEqual(await names("/pub/"), FILES);
});

test("a deep list of a directory stays inside it", async () => {
  assert.deepEqual(await names("/pub/example.com/"), FILES.slice(2, 6));
});

test("a reversed list begins with the last file", async () => {
  assert.deepEqual(await names("/pub/", { reverse: true }), [...FILES].reverse());
});

test("a limit shortens a list", async () => {
  assert.deepEqual(await names("/pub/", { limit: 3 }), FILES.slice(0, 3));
});

test("a cursor continues after itself", async () => {
  const cursor = address(FILES[3]);
  assert.deepEqual(await names("/pub/", { cursor }), FILES.slice(4));
});

test("a cursor need not be a file that exists", async () => {
  const cursor = address("example.com/aa");
  assert.deepEqual(await names("/pub/", { cursor }), FILES.slice(3));
});

test("a reversed list continues before its cursor", async () => {
  const options = { cursor: address(FILES[3]), reverse: true };
  assert.deepEqual(await names("/pub/", options), FILES.slice(0, 3).reverse());
});

test("pages of two put together are the whole list", async () => {
  const collected = [];
  let page = await names("/pub/", { limit: 2 });
  while (page.length > 0) {
    assert.ok(page.length <= 2);
    collected.push(...page);
    page = await names("/pub/", { limit: 2, cursor: address(page.at(-1)) });
  }
  assert.deepEqual(collected, FILES);
});

test("a shallow list names directories with a slash", async () => {
  assert.deepEqual(await names("/pub/", { shallow: true }), CHILDREN);
});

test("a shallow list turns round", async () => {
  const options = { shallow: true, reverse: true };
  assert.deepEqual(await names("/pub/", options), [...CHILDREN].reverse());
});

test("a shallow list is limited and continued", async () => {
  const first = await names("/pub/", { shallow: true, limit: 2 });
  assert.deepEqual(first, CHILDREN.slice(0, 2));
  const options = { shallow: true, limit: 2, cursor: address(first.at(-1)) };
  assert.deepEqual(await names("/pub/", options), CHILDREN.slice(2, 4));
});

test("a reversed shallow list continues before its cursor", async () => {
  const options = { shallow: true, reverse: true, cursor: address("example.con/") };
  assert.deepEqual(await names("/pub/", options), CHILDREN.slice(0, 3).reverse());
});

test("a directory that does not exist is refused with 404", async () => {
  assert.equal(await refusedStatus(alice.session.storage.list("/pub/none/")), 404);
});
