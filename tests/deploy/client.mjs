// The published client on a neighbour host: signs up with an invite, writes, reads, and listens.
// node client.mjs PKARR-RELAY HOMESERVER INVITE STREAM-SECONDS; prints one JSON line.
import { Client, Keypair, Pubky, PublicKey } from "@synonymdev/pubky";

const [relay, homeserver, invite, seconds] = process.argv.slice(2);
const client = new Client({ pkarr: { relays: [relay] } });
const pubky = Pubky.withClient(client);
const signer = pubky.signer(Keypair.random());
const session = await signer.signup(PublicKey.from(homeserver), invite);
const z32 = signer.publicKey.z32();

const said = {};
try {
  await session.storage.putText("/pub/app.example/greeting.txt", "hello");
  said.greeting = await pubky.publicStorage.getText(`pubky${z32}/pub/app.example/greeting.txt`);

  const began = Date.now();
  const url = `https://${homeserver}/events-stream?user=${z32}&live=true`;
  const reader = (await client.fetch(url)).body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const read = async (wanted) => {
    while (!text.includes(wanted)) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`the stream ended after ${Date.now() - began} ms: ${text}`);
      text += value;
    }
  };
  await read("/pub/app.example/greeting.txt");
  await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000));
  const [, wrote] = await Promise.all([
    read("/pub/app.example/late.txt"),
    session.storage.putText("/pub/app.example/late.txt", "late").then(() => Date.now()),
  ]);
  said.heardAfterMs = Date.now() - wrote;
  said.openForMs = Date.now() - began;

  const large = new Uint8Array(12 * 1024 * 1024).fill(7);
  await session.storage.putBytes("/pub/app.example/large.bin", large);
  said.largeBytes = (await session.storage.getBytes("/pub/app.example/large.bin")).length;
} catch (error) {
  said.error = `${error.name}: ${error.message}`;
}
console.log(JSON.stringify(said));
process.exit(0);
