// The testnet as its clients know it: well-known key, well-known ports.
import { PublicKey } from "@synonymdev/pubky";

export const HOMESERVER = "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo";
export const CLIENT_API = "http://localhost:6286";
export const ADMIN_API = "http://127.0.0.1:6288";
export const PKARR_RELAY = "http://localhost:15411";
export const LINK = "http://localhost:15412/link/";
export const INBOX = "http://localhost:15412/inbox";

/** A new object each time: some calls of the client free the key that they are given. */
export function homeserver() {
  return PublicKey.from(HOMESERVER);
}

/** The packet that the relay holds for a key, as bytes, or undefined. */
export async function publishedPacket(z32) {
  // Packets may be cached for their lifetime, and a browser does so even across its own PUT.
  const response = await fetch(`${PKARR_RELAY}/${z32}`, { cache: "no-store" });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`the relay answers ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** When a packet was signed, in microseconds: after the signature, big-endian. */
export function signedAt(packet) {
  return Number(new DataView(packet.buffer, packet.byteOffset).getBigUint64(64));
}
