// The log of changes, as an app follows it. The npm package has no calls of its own for events, so
// its `client.fetch` carries them: the same transport that finds the homeserver by its key.
import assert from "node:assert/strict";
import { test } from "node:test";

import { signedUp } from "./support/people.mjs";
import { HOMESERVER } from "./support/network.mjs";

/** The frames of an event stream, one after the other, until it ends. */
async function* framesOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      yield text.slice(0, end).split("\n");
      text = text.slice(end + 2);
    }
  }
}

test("a finished stream holds what a person wrote and deleted, in order", async () => {
  const { pubky, session, z32 } = await signedUp();
  await session.storage.putText("/pub/app/a.txt", "hello");
  await session.storage.delete("/pub/app/a.txt");
  await session.storage.putText("/priv/app/secret.txt", "nobody else's business");
  const url = `https://${HOMESERVER}/events-stream?user=${z32}`;
  const frames = [];
  for await (const frame of framesOf(await pubky.client.fetch(url))) frames.push(frame);
  assert.deepEqual(
    frames.map(([kind, address]) => [kind, address]),
    [
      ["event: PUT", `data: pubky://${z32}/pub/app/a.txt`],
      ["event: DEL", `data: pubky://${z32}/pub/app/a.txt`],
    ],
  );
  assert.equal(frames[0][3], "data: content_hash: 6o8WPbOGgpJeRJHF5Y1Ls1Bu+MFOt4qG6QjFYkpnIA8=");
});

test("a live stream tells of a write that comes later", async () => {
  const { pubky, session, z32 } = await signedUp();
  const url = `https://${HOMESERVER}/events-stream?user=${z32}&live=true&limit=1`;
  const frames = framesOf(await pubky.client.fetch(url));
  const [first] = await Promise.all([
    frames.next(),
    session.storage.putText("/pub/app/later.txt", "now"),
  ]);
  assert.equal(first.value[1], `data: pubky://${z32}/pub/app/later.txt`);
  assert.equal((await frames.next()).done, true);
});

test("the feed of everybody goes on from its own cursor", async () => {
  const { pubky, session, z32 } = await signedUp();
  const feed = async (cursor) => {
    const response = await pubky.client.fetch(
      `https://${HOMESERVER}/events/?limit=1000&cursor=${cursor}`,
    );
    return (await response.text()).split("\n").filter((line) => line !== "");
  };
  let cursor = "0";
  for (let lines = await feed(cursor); lines.length > 0; lines = await feed(cursor)) {
    cursor = lines.at(-1).replace("cursor: ", "");
  }
  await session.storage.putText("/pub/app/new.txt", "x");
  const lines = await feed(cursor);
  assert.ok(lines.includes(`PUT pubky://${z32}/pub/app/new.txt`));
});
