import { expect, test } from "vitest";
import type { JobQueue } from "./api/objects.ts";
import { isEcho, isSamePlace } from "./echo.ts";

const object = (metadata: object, status?: object) => ({
  metadata: { name: "mail", uid: "1", generation: 1, resourceVersion: "1", ...metadata },
  status,
});

test.each([
  ["a status", object({ resourceVersion: "2" }, { ready: true }), object({})],
  ["a finalizer that came", object({ finalizers: ["another's", "ours"] }), object({ finalizers: ["another's"] })],
])("%s is the echo of a pass", (_, changed, previous) => {
  expect(isEcho(changed, previous, true)).toBe(true);
});

test.each([
  ["a new object", object({}), undefined, true],
  ["a spec", object({ generation: 2 }), object({}), true],
  ["an annotation", object({ annotations: { rotate: "now" } }), object({}), true],
  ["a deletion that began", object({ deletionTimestamp: "2026-01-01T00:00:00Z" }), object({}), true],
  ["a finalizer that was taken away", object({}), object({ finalizers: ["ours"] }), true],
  ["an object that is gone", object({}), object({}), false],
] as const)("%s is none", (_, changed, previous, isThere) => {
  expect(isEcho(changed, previous, isThere)).toBe(false);
});

test("a pool need know of a JobQueue's queues, not of its counts", () => {
  const at = (status: object) => object({}, { queue: "media.mail", vhost: "/", ...status }) as unknown as JobQueue;
  expect(isSamePlace(at({ jobs: { waiting: 1 } }), at({ jobs: { waiting: 2 } }))).toBe(true);
  expect(isSamePlace(at({ lanes: [{ name: "fast", queue: "media.mail.fast" }] }), at({}))).toBe(false);
  expect(isSamePlace(at({}), undefined)).toBe(false);
});
