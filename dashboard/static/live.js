// Keeps a part of a page up to date: `data-live` is the address of a stream of server-sent events.
//
// message  {"fields": {name: text}} sets the texts of the elements with that `data-field`;
//          {"row": {name: text}} fills the part's <template> and puts it first in `data-rows`;
//          an address in a row goes to the link with that `data-link`, if it is one of ours.
// reload   the page changed as a whole: ask for it again.
// end      nothing more will come.

const MOST_ROWS = 500;

function fill(part, texts) {
  for (const [name, text] of Object.entries(texts)) {
    for (const place of part.querySelectorAll(`[data-field="${CSS.escape(name)}"]`)) {
      place.textContent = text;
    }
    for (const link of part.querySelectorAll(`[data-link="${CSS.escape(name)}"]`)) {
      if (/^\/(?!\/)/.test(text)) link.setAttribute("href", text);
    }
  }
}

function addRow(part, texts) {
  const row = part.querySelector("template").content.cloneNode(true);
  const rows = part.querySelector("[data-rows]");
  fill(row, texts);
  rows.prepend(row);
  while (rows.children.length > MOST_ROWS) rows.lastElementChild.remove();
}

function follow(part) {
  const state = part.querySelector("[data-live-state]");
  const say = (words) => {
    if (state && state.textContent !== words) state.textContent = words;
  };
  const stream = new EventSource(part.dataset.live);
  stream.addEventListener("open", () => say("Live"));
  stream.addEventListener("error", () => {
    // A browser gives up on a refusal, and tries again by itself when a connection breaks.
    say(stream.readyState === EventSource.CLOSED ? "No longer live" : "Connecting again");
  });
  stream.addEventListener("message", (event) => {
    const { fields, row } = JSON.parse(event.data);
    if (fields) fill(part, fields);
    if (row) addRow(part, row);
  });
  stream.addEventListener("reload", () => {
    stream.close();
    location.reload();
  });
  stream.addEventListener("end", () => {
    stream.close();
    say("No longer live");
  });
  // A page that is kept for the back button must not keep one of the few streams.
  addEventListener("pagehide", () => stream.close());
}

for (const part of document.querySelectorAll("[data-live]")) follow(part);
