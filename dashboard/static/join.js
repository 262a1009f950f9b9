// Makes a key, keeps it in a recovery file, signs up. The secret stays in this module's memory: it
// goes into the file that the browser saves, and into signatures. The page's policy lets requests
// go to this node only.

const page = document.querySelector("[data-join]");
const { sdk: SDK, homeserver: HOMESERVER, relay: RELAY } = page.dataset;
const NEEDS_INVITE = "needsInvite" in page.dataset;
const PROFILE = "/pub/pubky.app/profile.json";
const PATIENCE_MS = 10_000;
const WORDS = [
  ["Token already used", "This invite was used already."],
  ["Invalid token", "This invite does not exist, was taken back, or its time has passed."],
  ["Token required", "This node asks for an invite."],
  ["token format", "This is not an invite: three groups of four characters are expected."],
  ["User already exists", "This key has an account here already."],
];

const part = (name, within = page) => within.querySelector(`[data-${name}]`);
const step = (name) => page.querySelector(`[data-step="${name}"]`);
let pubky;
let keypair;
let session;
let invite = null;

function show(name) {
  for (const section of page.querySelectorAll("[data-step]")) {
    section.hidden = section.dataset.step !== name;
  }
  part("problem").hidden = true;
  step(name).querySelector("h1[tabindex]")?.focus();
}

function complain(words) {
  part("problem").textContent = words;
  part("problem").hidden = false;
}

/** Do it once at a time; say why it failed. */
async function attempt(button, words, act) {
  button.disabled = true;
  part("problem").hidden = true;
  part("status").textContent = words;
  try {
    await act();
  } catch (error) {
    const said = String(error?.message ?? error);
    const known = WORDS.find(([fragment]) => said.includes(fragment));
    complain(known?.[1] ?? `That did not work: ${said}`);
  } finally {
    part("status").textContent = "";
    button.disabled = false;
  }
}

/** `act` gets the form's button, when the form is sent. */
function onSubmit(name, words, act) {
  const form = step(name).querySelector("form");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(form.querySelector("button"), words, act);
  });
}

function warn(event) {
  event.preventDefault();
}

async function makeKey() {
  invite = NEEDS_INVITE ? part("invite").value.trim().toUpperCase() : null;
  const { Client, Keypair, Pubky } = await import(SDK);
  const pkarr = { relays: [RELAY], requestTimeout: PATIENCE_MS };
  pubky = Pubky.withClient(new Client({ pkarr }));
  keypair = Keypair.random();
  for (const place of page.querySelectorAll("[data-public-key]")) {
    place.textContent = keypair.publicKey.z32();
  }
  addEventListener("beforeunload", warn);
  show("keep");
}

/** The file is offered to whoever sits here; it goes nowhere else. */
async function saveFile() {
  const passphrase = part("passphrase").value;
  if (passphrase !== part("again").value) throw new Error("the two passphrases differ.");
  const file = new Blob([keypair.createRecoveryFile(passphrase)]);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `recovery-${keypair.publicKey.z32().slice(0, 8)}.pkarr`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), PATIENCE_MS);
  part("saved").hidden = false;
  part("kept").disabled = true;
  part("check").value = "";
}

async function checkFile(event) {
  const { Keypair } = await import(SDK);
  const [file] = event.target.files;
  part("kept").disabled = true;
  part("problem").hidden = true;
  if (!file) return;
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const found = Keypair.fromRecoveryFile(bytes, part("passphrase").value);
    if (found.publicKey.z32() !== keypair.publicKey.z32()) throw new Error("another key");
    part("kept").disabled = false;
  } catch {
    complain("This file does not hold your key under this passphrase. Save it again.");
  }
}

async function signUp() {
  const { PublicKey } = await import(SDK);
  invite = part("corrected").value.trim().toUpperCase() || invite;
  try {
    session = await pubky.signer(keypair).signup(PublicKey.from(HOMESERVER), invite);
  } catch (error) {
    // Whoever mistyped an invite must not lose a key that they have saved.
    part("other-invite").hidden = !NEEDS_INVITE;
    throw error;
  }
  removeEventListener("beforeunload", warn);
  show("joined");
}

async function finish() {
  const name = part("name").value.trim();
  if (name) {
    const profile = { name, bio: null, image: null, links: null, status: null };
    await session.storage.putJson(PROFILE, profile);
  }
  // Apps get keys of their own; the one of this page would stay for a year.
  await session.signout();
  session = keypair = undefined;
  part("passphrase").value = part("again").value = "";
  show("done");
}

// What follows the # is for this page only; browsers send it nowhere.
const given = decodeURIComponent(location.hash.slice(1));
if (given && part("invite")) part("invite").value = given;
history.replaceState(null, "", location.pathname);

onSubmit("begin", "Making your key", makeKey);
onSubmit("keep", "Saving", saveFile);
onSubmit("joined", "Finishing", finish);
part("check").addEventListener("change", checkFile);
part("kept").addEventListener("click", (event) => attempt(event.target, "Joining", signUp));
show("begin");
