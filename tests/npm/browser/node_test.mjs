// As much of Node's `node:test` as the conformance tests use.

let preparations = [];
let tests = [];

export function before(body) {
  preparations.push(body);
}

export function test(name, body) {
  tests.push({ name, body });
}

/** What was declared since the last call. */
export function takeDeclared() {
  const declared = { preparations, tests };
  preparations = [];
  tests = [];
  return declared;
}
