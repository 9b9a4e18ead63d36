import { describe, expect, test } from "vitest";
import { createOwnChanges, toldBy } from "./own-changes.ts";

describe("a change of our own", () => {
  test("is known when the broker tells of it, as often as it was made", () => {
    const changes = createOwnChanges();
    changes.note("policy.set", "jobwright:a.b");
    expect(changes.take("policy.set", "jobwright:a.c")).toBe(false);
    expect(changes.take("policy.cleared", "jobwright:a.b")).toBe(false);
    expect(changes.take("policy.set", "jobwright:a.b")).toBe(true);
    expect(changes.take("policy.set", "jobwright:a.b")).toBe(false);
  });

  test("of a user that was not there is told as its creation, after which nothing is expected", () => {
    const changes = createOwnChanges();
    for (const { event, name } of toldBy("PUT", "users/a.b.worker")) changes.note(event, name);
    expect(changes.take("user.created", "a.b.worker")).toBe(true);
    expect(changes.take("user.password.changed", "a.b.worker")).toBe(false);
    expect(changes.take("user.tags.set", "a.b.worker")).toBe(false);
    expect(changes.take("user.created", "a.b.worker")).toBe(false);
  });

  test("is expected for ten seconds, and forgotten then", () => {
    let nowMs = 0;
    const changes = createOwnChanges(() => nowMs);
    changes.note("user.deleted", "a.b.worker");
    nowMs = 10_000;
    expect(changes.take("user.deleted", "a.b.worker")).toBe(false);
  });

  test.each([
    ["PUT", "policies/my%2Fvhost/jobwright%3Aa.b", ["policy.set jobwright:a.b"]],
    ["PUT", "users/a.b.worker", ["user.password.changed a.b.worker", "user.tags.set a.b.worker"]],
    ["PUT", "permissions/v/a.b.worker", ["permission.created a.b.worker"]],
    ["PUT", "topic-permissions/v/a.b.worker", ["topic.permission.created a.b.worker"]],
    ["PUT", "queues/v/a.b", []],
    ["DELETE", "policies/v/jobwright%3Aa.b", ["policy.cleared jobwright:a.b"]],
    ["DELETE", "queues/v/a.b", ["queue.deleted a.b"]],
    ["DELETE", "exchanges/v/a.b", ["exchange.deleted a.b"]],
    ["DELETE", "users/a.b.worker", ["user.deleted a.b.worker"]],
    ["DELETE", "bindings/v/e/a/q/b/%23", []],
  ] as const)("%s %s is told as %j", (method, path, told) => {
    expect(toldBy(method, path).map(({ event, name }) => `${event} ${name}`)).toEqual(told);
  });
});
