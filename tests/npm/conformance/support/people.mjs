// People who sign up, and what a client says when it is refused.
import { Keypair, Pubky } from "@synonymdev/pubky";

import { homeserver } from "./network.mjs";

/** A new person with a session that may do everything to their own data. */
export async function signedUp({ pubky = Pubky.testnet(), token = null } = {}) {
  const keypair = Keypair.random();
  const signer = pubky.signer(keypair);
  const session = await signer.signup(homeserver(), token);
  const z32 = keypair.publicKey.z32();
  return { pubky, keypair, signer, session, z32, address: `pubky${z32}` };
}

/** How a call fails: `name`, `message`, and `status` when a server answered; it must fail. */
export async function refusal(call) {
  try {
    await call;
  } catch (error) {
    return { name: error.name, message: error.message, status: error.data?.statusCode };
  }
  throw new Error("this was allowed");
}

/** The status with which a server refuses a call. */
export async function refusedStatus(call) {
  const { name, status, message } = await refusal(call);
  if (name !== "RequestError" || status === undefined) throw new Error(`${name}: ${message}`);
  return status;
}
