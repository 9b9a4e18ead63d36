import { expect, test } from "vitest";
import { keyringFault } from "./keyring.ts";

const key = Buffer.alloc(32, 7).toString("base64");

test("a keyring has keys of 32 bytes, and current names one of them", () => {
  expect(keyringFault({ k1: key, current: "k1" })).toBeUndefined();
  // As `echo` and editors leave it.
  expect(keyringFault({ k1: `${key}\n`, k2: key, current: "k2\n" })).toBeUndefined();
});

test.each([
  [{}, 'has no entry "current": add it with the id of the key to encrypt with, and that key.'],
  [{ k1: key }, 'has no entry "current": add it with the id of the key to encrypt with, one of k1.'],
  [{ k1: key, current: "k2" }, 'says in "current" to encrypt with a key that it does not have: expected one of k1.'],
  // The key itself, put there by mistake.
  [{ k1: key, current: key }, "expected one of k1."],
  [{ current: "k1" }, "expected one of its keys, of which there are none."],
  [{ k1: "c2hvcnQ=", current: "k1" }, 'has 5 bytes as key "k1": expected 32 bytes in base64'],
])("what is wrong with %j is said, and how to mend it", (keys, message) => {
  const fault = keyringFault(keys as Record<string, string>);
  expect(fault).toContain(message);
  expect(fault).not.toContain(key);
});
