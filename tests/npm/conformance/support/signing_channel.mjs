// The cryptography of the signing channel, from libraries of other people than the client's.
import { xsalsa20poly1305 } from "@noble/ciphers/salsa";
import { blake3 } from "@noble/hashes/blake3";

/** Base64url without padding. */
export function base64url(bytes) {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The channel that belongs to a link's 32 secret bytes. */
export function channelId(secret) {
  return base64url(blake3(secret));
}

/** What the signer sent; throws when it was not made with this secret. */
export function decrypted(payload, secret) {
  return xsalsa20poly1305(secret, payload.subarray(0, 24)).decrypt(payload.subarray(24));
}
