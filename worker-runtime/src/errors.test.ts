import { expect, test } from "vitest";
import { messageOf } from "./errors.ts";

const unreadable = new Proxy(new Error("no"), { get: () => expect.fail("looked at") });

test.each([
  [new TypeError("no"), "no"],
  ["no", "no"],
  [undefined, "undefined"],
  [{ code: 5n }, "{ code: 5n }"],
  [Object.create(null), "[Object: null prototype] {}"],
  [unreadable, "something was thrown that cannot be looked at"],
])("%#: what was thrown is told, whatever it is", (thrown, message) => {
  expect(messageOf(thrown)).toBe(message);
});
