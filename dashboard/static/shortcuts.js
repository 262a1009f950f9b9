// Single keys for those who like them. They act outside inputs only, and can be turned off (WCAG
// 2.1.4). Arrow keys and Backspace stay the browser's.

const KEYS = [
  ["/", "search"],
  ["j", "next entry"],
  ["k", "entry before"],
  ["o", "open the entry"],
  ["u", "up, where this came from"],
  ["?", "this list"],
];
const SETTING = "shortcuts";
const ENTRIES = "main :is(tbody th, .changes, .matters, [data-rows]) a[href]";

const isOff = () => localStorage.getItem(SETTING) === "off";

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function makeDialog() {
  const heading = element("h2", "Keyboard shortcuts");
  heading.id = "shortcuts-heading";
  const keys = element("dl");
  for (const [key, meaning] of KEYS) {
    keys.append(element("div", "", element("dt", "", element("kbd", key)), element("dd", meaning)));
  }
  keys.className = "facts";
  const toggle = element("button");
  toggle.type = "button";
  const show = () => {
    toggle.textContent = isOff() ? "Turn them on" : "Turn them off";
  };
  toggle.addEventListener("click", () => {
    localStorage.setItem(SETTING, isOff() ? "on" : "off");
    show();
  });
  const close = element("button", "Close");
  close.type = "button";
  close.className = toggle.className = "button";
  close.autofocus = true;
  const actions = element("p", "", toggle, close);
  actions.className = "actions";
  const dialog = element("dialog", "", heading, keys, actions);
  dialog.className = "panel";
  dialog.setAttribute("aria-labelledby", heading.id);
  close.addEventListener("click", () => dialog.close());
  show();
  document.body.append(dialog);
  return dialog;
}

const dialog = makeDialog();

function move(step) {
  const entries = [...document.querySelectorAll(ENTRIES)];
  if (entries.length === 0) return;
  const now = entries.indexOf(document.activeElement);
  const next = now < 0 ? (step > 0 ? 0 : entries.length - 1) : now + step;
  entries[Math.min(Math.max(next, 0), entries.length - 1)].focus();
}

function search() {
  const field = document.querySelector("main :is(input[type=search], input[name=q])");
  if (field) field.focus();
  else document.querySelector('nav a[href="/search"]')?.click();
}

const ACTIONS = {
  "/": search,
  j: () => move(1),
  k: () => move(-1),
  o: () => document.activeElement?.closest(ENTRIES)?.click(),
  u: () => [...document.querySelectorAll(".back a, .crumbs a, a[rel=up]")].at(-1)?.click(),
  "?": () => dialog.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (isOff() || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (event.defaultPrevented || dialog.open) return;
  const inField = event.target.closest("input, select, textarea, [contenteditable]");
  if (inField || !Object.hasOwn(ACTIONS, event.key)) return;
  event.preventDefault();
  ACTIONS[event.key]();
});

const foot = document.querySelector(".foot");
if (foot) {
  const opener = element("button", "Keyboard shortcuts");
  opener.type = "button";
  opener.className = "plain";
  opener.addEventListener("click", () => dialog.showModal());
  foot.append(" · ", opener);
}
