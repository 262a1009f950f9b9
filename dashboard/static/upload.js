// Sends the files of a form one by one with a bar each, and takes files that are dropped on it.
// Without scripts the form sends them all at once.

function line(list, file) {
  const item = document.createElement("li");
  const name = document.createElement("bdi");
  name.textContent = file.name;
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", file.name);
  const said = document.createElement("span");
  said.textContent = "waiting";
  item.append(name, bar, said);
  list.append(item);
  return { bar, said };
}

/** What became of it: `stored` is the page that shows it, or undefined; `words` say why not. */
function outcome(request) {
  if (request.status === 0) return { words: "the connection broke; choose the file again" };
  if (new URL(request.responseURL).searchParams.get("done") === "uploaded") {
    return { stored: request.responseURL, words: "stored" };
  }
  const page = request.response;
  const found = page?.querySelector("#outcomes + ul .what") ?? page?.querySelector("main h1");
  return { words: found?.textContent.trim() ?? `not stored (${request.status})` };
}

function send(form, file, { bar, said }) {
  const body = new FormData();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") body.append(name, value);
  }
  body.append(form.querySelector("input[type=file]").name, file, file.name);
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.responseType = "document";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = event.loaded / event.total;
      said.textContent = bar.value < 1 ? `${Math.floor(bar.value * 100)} %` : "being stored";
    });
    request.addEventListener("loadend", () => {
      const became = outcome(request);
      bar.value = became.stored ? 1 : bar.value;
      said.textContent = became.words;
      resolve(became);
    });
    request.send(body);
  });
}

function prepare(form) {
  const picker = form.querySelector("input[type=file]");
  const list = document.createElement("ul");
  list.className = "sending";
  const state = document.createElement("p");
  state.setAttribute("role", "status");
  form.append(list, state);
  let busy = false;

  async function sendAll(files) {
    if (busy || files.length === 0) return;
    busy = true;
    list.replaceChildren();
    state.textContent = "Sending";
    const lines = files.map((file) => line(list, file));
    const outcomes = [];
    // One after the other: the disk and the line are the same for all.
    for (const [index, file] of files.entries()) {
      outcomes.push(await send(form, file, lines[index]));
    }
    busy = false;
    const stored = outcomes.filter((became) => became.stored);
    if (stored.length === files.length) location.assign(stored[0].stored);
    else state.textContent = `${stored.length} of ${files.length} stored.`;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sendAll([...picker.files]);
  });
  const hint = document.createElement("p");
  hint.className = "quiet";
  hint.textContent = "Files can also be dropped here.";
  picker.closest("label").after(hint);
  for (const name of ["dragover", "dragleave", "drop"]) {
    form.addEventListener(name, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      form.classList.toggle("dropping", name === "dragover");
      if (name === "drop") sendAll([...event.dataTransfer.files]);
    });
  }
}

for (const form of document.querySelectorAll("form[data-upload]")) prepare(form);
