import { describe, expect, test } from "vitest";
import type { JobQueue, WorkerPool } from "../api/objects.ts";
import { resolvePublishTo } from "./publish-to.ts";

const place = { host: "rabbit", port: 5672, vhost: "/" };
const pool = (...names: string[]) =>
  ({ metadata: { namespace: "post" }, spec: { publishTo: names.map((name) => ({ name })) } }) as WorkerPool;
const queue = (name: string, changes: Partial<JobQueue["status"]> = {}, spec: Partial<JobQueue["spec"]> = {}) =>
  ({
    metadata: { name, namespace: "post" },
    spec,
    status: { queue: `post.${name}`, broker: { host: "rabbit", port: 5672 }, vhost: "/", ...changes },
  }) as JobQueue;
const resolve = (names: string[], ...queues: JobQueue[]) =>
  resolvePublishTo(pool(...names), (name) => queues.find(({ metadata }) => metadata.name === name), place);

test("nothing asked for is nothing granted", () => {
  expect(resolve([])).toEqual({ granted: [], refused: undefined });
  expect(resolvePublishTo({ ...pool(), spec: {} } as WorkerPool, () => undefined, place).granted).toEqual([]);
});

test("a queue at the same place is granted with its lanes, those that leave included", () => {
  const lanes = [{ name: "old", queue: "post.audit.old" }];
  const audit = queue("audit", { lanes }, { lanes: [{ name: "fast", weight: 1 }] });
  expect(resolve(["audit"], audit)).toEqual({
    granted: [{ name: "audit", queueName: "post.audit", lanes: ["fast", "old"] }],
    refused: undefined,
  });
});

describe("refused is", () => {
  const other = { host: "other", port: 5672 };
  const encryption = { keySecretRef: { name: "keys" } };
  test.each<[string, JobQueue | undefined, string, string, string]>([
    ["a queue that does not exist", undefined, "Reconciling", "PublishToNotFound", "create it, or remove the entry"],
    ["one that is nowhere yet", queue("audit", { queue: undefined }), "Reconciling", "PublishToNotReady", "not on its"],
    ["one of another vhost", queue("audit", { vhost: "x" }), "Stalled", "PublishToElsewhere", "rabbit:5672/x"],
    ["one of another broker", queue("audit", { broker: other }), "Stalled", "PublishToElsewhere", "createProducer"],
    ["one that encrypts", queue("audit", {}, { encryption }), "Stalled", "PublishToEncrypted", "plain"],
  ])("%s", (_what, target, state, reason, words) => {
    const { granted, refused } = resolve(["audit"], ...(target ? [target] : []));
    expect(granted).toEqual([]);
    expect(refused).toMatchObject({ state, reason });
    expect(refused?.message).toContain('JobQueue post/audit (spec.publishTo "audit")');
    expect(refused?.message).toContain(words);
  });
});

test("what is wrong with one does not keep the others; what needs the user is told first", () => {
  const { granted, refused } = resolve(["gone", "far", "audit"], queue("far", { vhost: "x" }), queue("audit"));
  expect(granted.map(({ name }) => name)).toEqual(["audit"]);
  expect(refused).toMatchObject({ state: "Stalled", reason: "PublishToElsewhere" });
  expect(refused?.message).toMatch(/post\/far .*post\/gone .*does not exist/);
});
