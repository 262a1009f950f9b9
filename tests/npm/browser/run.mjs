// Runs the files named in the address and writes what came of each test into the page.
import { takeDeclared } from "node:test";

const WITHIN_MS = 20_000;

function report(name, outcome, error) {
  const item = document.createElement("li");
  item.dataset.name = name;
  item.dataset.outcome = outcome;
  item.textContent = error ? `${name}: ${error.message ?? error}\n${error.stack ?? ""}` : name;
  document.querySelector("#results").append(item);
}

async function timed(body) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("took too long")), WITHIN_MS);
  });
  try {
    await Promise.race([body(), late]);
  } finally {
    clearTimeout(timer);
  }
}

for (const file of new URLSearchParams(location.search).getAll("file")) {
  try {
    await import(file);
    const { preparations, tests } = takeDeclared();
    for (const body of preparations) await timed(body);
    for (const { name, body } of tests) {
      await timed(body).then(
        () => report(name, "passed"),
        (error) => report(name, "failed", error),
      );
    }
  } catch (error) {
    report(file, "failed", error);
  }
}
document.body.dataset.finished = "yes";
