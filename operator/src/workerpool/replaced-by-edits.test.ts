import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { jobQueue as kind } from "../api/job-queue.ts";
import type { JobQueue, WorkerPool } from "../api/objects.ts";
import { workerPool } from "../api/worker-pool.ts";
import { configurationHash, poolConfiguration } from "./configuration.ts";

// The page promises which edits replace a queue's workers. Here each is made.
const page = readFileSync(join(import.meta.dirname, "../../../docs/jobqueue/changing.md"), "utf8");

const metadata = {
  ...{ name: "mail", namespace: "post", uid: "u" },
  ...{ generation: 1, creationTimestamp: "2026-01-01T00:00:00Z" },
};
const template = { spec: { containers: [{ name: "handlers", image: "localhost/nowhere:1" }] } };
const pool = { metadata, spec: workerPool.spec.parse({ queueRef: { name: "mail" }, template }) } as WorkerPool;
/** All that may be on the broker, is. */
const status = { lanes: [{ name: "fast", queue: "post.mail.fast" }], returns: { queue: "post.mail.returns" } };

function hashOf(spec: object): string {
  const jobQueue = { metadata, spec: kind.spec.parse(spec), status } as JobQueue;
  const place = { host: "rabbit", port: 5672, vhost: "/" };
  return configurationHash(poolConfiguration(pool, jobQueue, "post.mail"), place);
}

test.each([
  ["`retry`", {}, { retry: { maxAttempts: 9 } }],
  ["`deliveryLimit`, `deadLetter`", {}, { deliveryLimit: 3, deadLetter: { retention: "1h" } }],
  ["`maxJobDuration`", {}, { maxJobDuration: "2h" }],
  ["`lanes`: one more", {}, { lanes: [{ name: "fast" }] }],
  ["`lanes`: one less", { lanes: [{ name: "fast" }] }, {}],
  ["`lanes[].weight`", { lanes: [{ name: "fast" }] }, { lanes: [{ name: "fast", weight: 5 }] }],
  ["`limits.maxLength`, `limits.maxLengthBytes`", {}, { limits: { maxLength: 9 } }],
  ["`limits.messageTTL`", {}, { limits: { messageTTL: "1h" } }],
  ["`limits.maxMessageBytes`", {}, { limits: { maxMessageBytes: 4096 } }],
  ["`bindings`", {}, { bindings: [{ exchange: "shop", job: "bill" }] }],
  ["`rateLimit`, `paused`", {}, { rateLimit: { jobs: 5 }, paused: true }],
  ["`outcomes`", {}, { outcomes: "All" }],
  ["`jobs`", {}, { jobs: [{ name: "bill", schema: { type: "object" } }] }],
  ["`access.producers`", {}, { access: { producers: [{ name: "shop" }] } }],
  ["`deletionPolicy`", {}, { deletionPolicy: "Delete" }],
])("an edit of %s does to workers what the docs say", (field, before, after) => {
  const row = page.split("\n").find((line) => line.startsWith(`| ${field} |`));
  const isReplaced = hashOf(before) !== hashOf(after);
  expect(row?.split("|").at(-2)?.trim()).toMatch(isReplaced ? /^replaced/ : /^go on/);
});

test("a limit that is changed, or comes beside another, replaces nobody", () => {
  const limited = hashOf({ limits: { maxLength: 9 } });
  expect(hashOf({ limits: { maxLength: 99, maxLengthBytes: 4096 } })).toBe(limited);
});

test("a binding replaces nobody where none has a job", () => {
  expect(hashOf({ bindings: [{ exchange: "shop" }] })).toBe(hashOf({}));
});
