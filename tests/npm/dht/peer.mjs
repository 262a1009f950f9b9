// A node of the npm package bittorrent-dht, driven by lines of JSON.
//
// Arguments are entrances, "host:port". The first line out is {port, nodeId}; then each line in,
// {call, ...}, gets one line out in its turn: {value} or {error, code}. Bytes are hexadecimal. It
// ends with its standard input.
import { createInterface } from "node:readline";

import { ed25519 } from "@noble/curves/ed25519";
import DHT from "bittorrent-dht";

const TIMEOUT_MS = 500;

const bytes = (hex) => (hex ? Buffer.from(hex, "hex") : undefined);
const text = (buffer) => Buffer.from(buffer).toString("hex");
const item = ({ k, v, seq, sig }) => ({ k: text(k), v: text(v), seq, sig: text(sig) });

const bootstrap = process.argv.slice(2);
const dht = new DHT({
  bootstrap: bootstrap.length ? bootstrap : false,
  timeout: TIMEOUT_MS,
  verify: (signature, message, key) => ed25519.verify(signature, message, key),
});
const ready = new Promise((resolve) => dht.once("ready", resolve));

const calls = {
  /** Ask a node and keep it in the table when it answers. */
  addNode: ({ host, port }) => dht.addNode({ host, port }),

  /** How many nodes are in the table. */
  nodes: () => dht.toJSON().nodes.length,

  /** At how many nodes an item was stored. */
  put: ({ k, v, seq, sig, salt, cas }) =>
    new Promise((resolve, reject) => {
      const put = { k: bytes(k), v: bytes(v), seq, sig: bytes(sig) };
      if (salt) put.salt = bytes(salt);
      if (cas !== undefined) put.cas = cas;
      dht.put(put, (error, _, stored) => (error ? reject(error) : resolve(stored)));
    }),

  /** What others answer for a target, or null. */
  get: ({ target, salt }) =>
    new Promise((resolve, reject) => {
      const how = { cache: false, salt: bytes(salt) };
      dht.get(bytes(target), how, (error, found) =>
        error ? reject(error) : resolve(found && item(found)),
      );
    }),

  /** What this node itself holds for a target, or null. */
  held: ({ target }) => dht.toJSON().values[target] ?? null,
};

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

await new Promise((resolve) => dht.listen(0, "127.0.0.1", resolve));
await ready;
say({ port: dht.address().port, nodeId: text(dht.nodeId) });
for await (const line of createInterface({ input: process.stdin })) {
  const { call, ...arguments_ } = JSON.parse(line);
  try {
    say({ value: (await calls[call](arguments_)) ?? null });
  } catch (error) {
    say({ error: error.message, code: error.code ?? null });
  }
}
dht.destroy();
