import { expect, test } from "vitest";
import { createOwnWrites } from "./own-writes.ts";

const version = (resourceVersion: string, status?: string) => ({ metadata: { uid: "1", resourceVersion }, status });

test("a cache that lags behind a chain of own writes is overruled by the last of them", () => {
  const writes = createOwnWrites<ReturnType<typeof version>>();
  const [first, second] = [version("1"), version("2")];
  writes.note(first, second);
  const third = { ...second, status: "Ready" };
  writes.note(second, third);
  expect(writes.latest(first)).toBe(third);
  expect(writes.latest(second)).toBe(third);
});

test("what the cache shows after the write is believed", () => {
  const writes = createOwnWrites<ReturnType<typeof version>>();
  const first = version("1");
  writes.note(first, version("1", "Ready"));
  const newer = version("3", "changed by somebody else");
  expect(writes.latest(newer)).toBe(newer);
});
