// Puts a button beside every text that people carry elsewhere. Without scripts a click selects it.

const SAID_FOR_MS = 2000;

function addButton(text) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain copy screen-only";
  button.textContent = "Copy";
  const said = document.createElement("span");
  said.className = "unseen";
  said.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = said.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(text);
      button.textContent = said.textContent = "Selected";
    }
    setTimeout(() => {
      button.textContent = "Copy";
      said.textContent = "";
    }, SAID_FOR_MS);
  });
  text.after(button, said);
}

// The clipboard exists on pages that nobody on the way can change; elsewhere there is no button.
if (navigator.clipboard) {
  for (const text of document.querySelectorAll("code.copyable")) addButton(text);
}
