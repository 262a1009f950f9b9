// As much of Node's `node:assert/strict` as the conformance tests use.

function shown(value) {
  return JSON.stringify(value) ?? String(value);
}

function isDeepEqual(one, other) {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isDeepEqual(one[name], other[name]))
  );
}

function ok(condition, message = "a condition does not hold") {
  if (!condition) throw new Error(message);
}

export default {
  ok,
  equal(actual, expected) {
    ok(Object.is(actual, expected), `${shown(actual)} instead of ${shown(expected)}`);
  },
  notEqual(actual, unwanted) {
    ok(!Object.is(actual, unwanted), `${shown(actual)} twice`);
  },
  deepEqual(actual, expected) {
    ok(isDeepEqual(actual, expected), `${shown(actual)} instead of ${shown(expected)}`);
  },
  match(text, pattern) {
    ok(pattern.test(text), `${shown(text)} does not match ${pattern}`);
  },
};
