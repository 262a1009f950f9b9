// What the homeserver refuses, with the status that the client hands on.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Keypair, Pubky } from "@synonymdev/pubky";

import { refusal, refusedStatus, signedUp } from "./support/people.mjs";

const PATH = "/pub/app/note.txt";

test("a missing file is refused with 404", async () => {
  const { session, pubky, address } = await signedUp();
  assert.equal(await refusedStatus(session.storage.getJson(PATH)), 404);
  assert.equal(await refusedStatus(pubky.publicStorage.getBytes(address + PATH)), 404);
  assert.equal(await refusedStatus(pubky.publicStorage.get(address + PATH)), 404);
});

test("writing and deleting without a session are refused with 401", async () => {
  const { session, pubky, z32, address } = await signedUp();
  await session.storage.putText(PATH, "before");
  await session.signout();
  const url = `https://_pubky.${z32}${PATH}`;
  for (const options of [{ method: "PUT", body: "after" }, { method: "DELETE" }]) {
    const response = await pubky.client.fetch(url, { ...options, credentials: "include" });
    assert.equal(response.status, 401);
  }
  assert.equal(await pubky.publicStorage.getText(address + PATH), "before");
});

test("writing to another person's data is refused with 401", async () => {
  const alice = await signedUp();
  const mallory = await signedUp();
  await alice.session.storage.putText(PATH, "of alice");
  await alice.session.signout();
  const url = `https://_pubky.${alice.z32}${PATH}`;
  const put = await mallory.pubky.client.fetch(url, {
    method: "PUT",
    body: "of mallory",
    credentials: "include",
  });
  assert.equal(put.status, 401);
  assert.equal(await mallory.pubky.publicStorage.getText(alice.address + PATH), "of alice");
});

test("writing outside of pub and priv is refused with 403", async () => {
  const { session } = await signedUp();
  const refused = await refusal(session.storage.putText("/foo/note.txt", "a"));
  assert.equal(refused.status, 403);
  assert.match(refused.message, /Writing to directories other than '\/pub\/'/);
});

test("reading outside of pub and priv is refused with 403", async () => {
  const { session } = await signedUp();
  assert.equal(await refusedStatus(session.storage.getText("/foo/note.txt")), 403);
});

test("private files are written and read by their owner", async () => {
  const { session } = await signedUp();
  await session.storage.putText("/priv/app/diary.txt", "dear diary");
  assert.equal(await session.storage.getText("/priv/app/diary.txt"), "dear diary");
  await session.storage.delete("/priv/app/diary.txt");
  assert.equal(await session.storage.exists("/priv/app/diary.txt"), false);
});

test("private files are refused to strangers whether they exist or not", async () => {
  const { session, z32 } = await signedUp();
  await session.storage.putText("/priv/app/diary.txt", "dear diary");
  await session.signout();
  const mallory = await signedUp();
  for (const name of ["diary.txt", "none.txt"]) {
    const url = `https://_pubky.${z32}/priv/app/${name}`;
    const response = await mallory.pubky.client.fetch(url, { credentials: "include" });
    assert.equal(response.status, 401);
  }
});

test("a file below a file is refused with 409", async () => {
  const { session } = await signedUp();
  await session.storage.putText("/pub/app/note", "a file");
  assert.equal(await refusedStatus(session.storage.putText("/pub/app/note/more", "below")), 409);
});

test("a file in the place of a directory is refused with 409", async () => {
  const { session } = await signedUp();
  await session.storage.putText("/pub/app/notes/one", "below");
  assert.equal(await refusedStatus(session.storage.putText("/pub/app/notes", "a file")), 409);
});

test("writing to a directory is refused with 400", async () => {
  const { session } = await signedUp();
  assert.equal(await refusedStatus(session.storage.putText("/pub/app/", "a")), 400);
  assert.equal(await refusedStatus(session.storage.delete("/pub/app/")), 400);
});

test("a person whom nobody knows is reported as a failed lookup", async () => {
  const address = `pubky${Keypair.random().publicKey.z32()}${PATH}`;
  const refused = await refusal(Pubky.testnet().publicStorage.getText(address));
  assert.equal(refused.status, undefined);
  assert.match(refused.name, /^(PkarrError|RequestError)$/);
});
