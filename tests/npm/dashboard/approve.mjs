// Approves a sign-in link as a wallet does: `node approve.mjs SEED_HEX LINK`.
import { Keypair, Pubky } from "@synonymdev/pubky";

const [seed, link] = process.argv.slice(2);
const signer = Pubky.testnet().signer(Keypair.fromSecret(Buffer.from(seed, "hex")));
await signer.approveAuthRequest(link);
