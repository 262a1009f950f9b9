// Node 18, which Debian 12 has, keeps the Web Crypto API that the client needs under another name.
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
