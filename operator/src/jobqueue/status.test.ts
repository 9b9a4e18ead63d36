import { describe, expect, test } from "vitest";
import type { JobQueue } from "../api/objects.ts";
import { problemStatus, provisionedStatus } from "./status.ts";

const now = new Date("2026-01-01T00:00:00Z");
const later = new Date("2026-01-01T01:00:00Z");
const found = {
  name: "post.mail",
  broker: { host: "rabbit", port: 5672 },
  vhost: "/",
  lanes: [],
  unsupported: [],
  brokerVersion: "4.0.5",
  bindingSecret: "mail-producer",
  jobs: undefined,
};

function jobQueue(status?: JobQueue["status"]): JobQueue {
  return {
    metadata: { name: "mail", namespace: "post", generation: 3 },
    spec: {},
    ...(status && { status }),
  } as JobQueue;
}

function told(status: JobQueue["status"]): string[] {
  return (status?.conditions ?? []).map(({ type, status: is, reason }) => `${type}=${is} ${reason}`);
}

describe("a JobQueue that is on its broker", () => {
  test("is ready, and tells where to publish", () => {
    const status = provisionedStatus(jobQueue(), { ...found, jobs: { waiting: 1, running: 2, dead: 3 } }, now);
    expect(told(status)).toEqual(["Ready=True Provisioned", "BrokerReachable=True Reached"]);
    expect(status).toMatchObject({
      observedGeneration: 3,
      exchange: "post.mail",
      deadLetterQueue: "post.mail.dead",
      binding: { name: "mail-producer" },
      jobs: { waiting: 1, running: 2, dead: 3 },
    });
  });

  test("tells its lanes, what keeps those that leave, and what the broker cannot do", () => {
    const lanes = [{ lane: "fast" }, { lane: "old", removing: "2 jobs are being moved" }];
    const status = provisionedStatus(
      jobQueue(),
      { ...found, lanes, unsupported: ["maxJobDuration has no effect"] },
      now,
    );
    expect(status.lanes).toEqual([
      { name: "fast", queue: "post.mail.fast" },
      { name: "old", queue: "post.mail.old", removing: "2 jobs are being moved" },
    ]);
    expect(status.unsupported).toEqual(["maxJobDuration has no effect"]);
    const without = provisionedStatus(jobQueue(status), found, later);
    expect(without).not.toHaveProperty("lanes");
    expect(without).not.toHaveProperty("unsupported");
  });

  test("has the same status in the next pass, its times included", () => {
    const first = provisionedStatus(jobQueue(), found, now);
    expect(provisionedStatus(jobQueue(first), found, later)).toEqual(first);
  });

  test("is stalled while another policy goes over its own, and says which", () => {
    const overridden = provisionedStatus(jobQueue(), { ...found, policyOverridden: "everything" }, now);
    expect(told(overridden)).toEqual([
      "Ready=False PolicyOverridden",
      "Stalled=True PolicyOverridden",
      "BrokerReachable=True Reached",
      "PolicyOverridden=True OtherPolicyApplies",
    ]);
    expect(overridden.conditions?.[0]?.message).toContain('"everything"');
    expect(told(provisionedStatus(jobQueue(overridden), found, later))).toEqual([
      "Ready=True Provisioned",
      "BrokerReachable=True Reached",
    ]);
  });
});

describe("a JobQueue with bindings to exchanges of others", () => {
  const binding = { exchange: "shop", routingKey: "order.*", job: "bill" };
  const bound = (status?: JobQueue["status"]) => ({ ...jobQueue(status), spec: { bindings: [binding] } }) as JobQueue;
  const counts = (waiting: number) => ({ ...found, jobs: { waiting, running: 0, dead: 0 } });

  test("works, but for an exchange that does not exist", () => {
    const status = provisionedStatus(bound(), { ...found, bindings: { absent: ["shop"], held: [] } }, now);
    expect(told(status)).toEqual([
      "Ready=False BindingSourceMissing",
      "Reconciling=True BindingSourceMissing",
      "BrokerReachable=True Reached",
    ]);
    expect(status.conditions?.[0]?.message).toContain(
      'exchange "shop" (spec.bindings[0].exchange) does not exist in vhost "/": create it',
    );
    expect(status.bindings).toEqual([{ ...binding, waiting: "for the exchange: it does not exist" }]);
    const bindings = provisionedStatus(bound(status), found, now).bindings;
    expect(bindings).toEqual([binding]);
  });

  test("says which bindings wait until workers can name their messages", () => {
    const held = [{ exchange: "shop", routingKey: "order.*" }];
    const status = provisionedStatus(bound(), { ...found, bindings: { absent: [], held } }, now);
    expect(told(status)).toContain("Ready=False BindingWaitsForWorkers");
    expect(status.conditions?.[0]?.message).toMatch(/^bindings to "shop" are made once all workers know/);
    expect(status.bindings).toEqual([{ ...binding, waiting: "for workers that know how to name its messages" }]);
  });

  test("remembers one that went, to name its jobs by, until none is left", () => {
    const before = provisionedStatus(bound(), found, now);
    // Counts are some seconds old: the last jobs may not be among them.
    const gone = provisionedStatus(jobQueue(before), counts(0), now);
    expect(gone.bindings).toMatchObject([{ ...binding, removing: expect.any(String) }]);
    const still = provisionedStatus(jobQueue(gone), counts(1), now);
    expect(still.bindings).toEqual(gone.bindings);
    expect(provisionedStatus(jobQueue(still), counts(0), now).bindings).toBeUndefined();
  });
});

describe("a JobQueue with a problem", () => {
  const ready = provisionedStatus(jobQueue(), found, now);

  test("keeps what is known of the queue", () => {
    const problem = { state: "Reconciling", reason: "BrokerUnreachable", message: "nobody answers" } as const;
    const status = problemStatus(jobQueue(ready), problem, later);
    expect(status).toMatchObject({ queue: "post.mail", binding: { name: "mail-producer" }, observedGeneration: 3 });
    expect(told(status)).toEqual([
      "Ready=False BrokerUnreachable",
      "BrokerReachable=False BrokerUnreachable",
      "Reconciling=True BrokerUnreachable",
    ]);
  });

  test("that is not the broker's leaves the broker reachable", () => {
    const problem = { state: "Stalled", reason: "NameTaken", message: "another has it" } as const;
    expect(told(problemStatus(jobQueue(ready), problem, later))).toContain("BrokerReachable=True Reached");
    expect(told(problemStatus(jobQueue(), problem, later))).toEqual([
      "Ready=False NameTaken",
      "Stalled=True NameTaken",
    ]);
  });

  test("says where the pass has put it, so that a deletion finds it again", () => {
    const problem = { state: "Stalled", reason: "SecretTaken", message: "another's" } as const;
    const place = { name: "post.mail", broker: { host: "rabbit", port: 5672 }, vhost: "jobs", lanes: [] };
    expect(problemStatus(jobQueue(), problem, now, place)).toMatchObject({ queue: "post.mail", vhost: "jobs" });
    expect(problemStatus(jobQueue(), problem, now)).not.toHaveProperty("queue");
  });
});
