import { expect, test } from "vitest";
import { readError, writeError } from "./wire-error.ts";

/** As the other thread sees it. */
const crossed = (thrown: unknown) => readError(structuredClone(writeError(thrown)));

function withGetter(): Error {
  const get = () => {
    throw new Error("not to be read");
  };
  return Object.defineProperty(new TypeError("no"), "detail", { enumerable: true, get });
}

test.each<[string, Error]>([
  ["a getter that throws", withGetter()],
  ["functions among its properties", Object.assign(new TypeError("no"), { retry() {} })],
  ["no room for properties, being frozen", Object.freeze(new TypeError("no"))],
])("an error with %s crosses as what it is", (_, error) => {
  const seen = crossed(error);
  expect(seen).toBeInstanceOf(TypeError);
  expect(seen.message).toBe("no");
});

test("an error that is its own cause crosses", () => {
  const error = new Error("no");
  error.cause = error;
  expect(crossed(error)).toMatchObject({ message: "no", cause: { message: "no" } });
});
