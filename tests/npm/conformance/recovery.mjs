// A key that was kept in a recovery file.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Keypair, Pubky } from "@synonymdev/pubky";

import { signedUp } from "./support/people.mjs";

const PASSPHRASE = "Correct horse, wrong stable";

test("a person signs in with the key from their recovery file", async () => {
  const { session, keypair, z32 } = await signedUp();
  await session.storage.putText("/pub/app/a.txt", "kept");
  const file = keypair.createRecoveryFile(PASSPHRASE);
  await session.signout();

  const recovered = Keypair.fromRecoveryFile(file, PASSPHRASE);
  assert.equal(recovered.publicKey.z32(), z32);
  const again = await Pubky.testnet().signer(recovered).signin();
  assert.equal(await again.storage.getText("/pub/app/a.txt"), "kept");
  await again.storage.delete("/pub/app/a.txt");
});

test("a recovery file stored on the homeserver comes back usable", async () => {
  const { session, keypair, z32 } = await signedUp();
  await session.storage.putBytes("/priv/backup/key.pkarr", keypair.createRecoveryFile(PASSPHRASE));
  const file = await session.storage.getBytes("/priv/backup/key.pkarr");
  assert.equal(Keypair.fromRecoveryFile(file, PASSPHRASE).publicKey.z32(), z32);
});
