import { describe, expect, test } from "vitest";
import type { Credentials } from "../api/access.ts";
import type { WorkerPool } from "../api/objects.ts";
import { rotationPolicy } from "../credentials/rotation.ts";
import { knownUsers, planCredentials, unneeded } from "./credentials.ts";
import type { Deployment } from "./deployment.ts";
import type { Pod } from "./pods.ts";

const now = new Date("2026-01-01T00:00:00Z");
const day = 24 * 3_600_000;

function pool(status?: WorkerPool["status"], request?: string): WorkerPool {
  const annotations = request === undefined ? {} : { "jobwright.dev/rotate-credentials": request };
  return { metadata: { name: "mail", namespace: "post", annotations }, ...(status && { status }) } as WorkerPool;
}

const first: Credentials = { secretName: "mail-worker", user: "post.mail.worker", rotatedAt: now.toISOString() };

test("a pool begins with its first user, whatever its annotation says", () => {
  expect(planCredentials(pool(undefined, "1"), rotationPolicy({}), now)).toEqual({
    credentials: first,
    rotationRequest: "1",
  });
  expect(knownUsers(pool())).toEqual(["post.mail.worker"]);
});

test("a new value of the annotation gives it the next user, with a Secret of its own", () => {
  const asked = pool({ credentials: first, rotationRequest: "1" }, "2");
  const plan = planCredentials(asked, rotationPolicy({}), now);
  expect(plan).toMatchObject({
    credentials: { user: "post.mail.worker_2", secretName: "mail-worker-2", retiring: [{ user: "post.mail.worker" }] },
    rotationRequest: "2",
  });
  const done = pool({ credentials: plan.credentials, rotationRequest: "2" }, "2");
  expect(planCredentials(done, rotationPolicy({}), now)).toEqual(plan);
});

test("the JobQueue's schedule holds for its pool too", () => {
  const policy = rotationPolicy({ access: { rotation: { interval: "24h", overlap: "1h" } } });
  const user = (ms: number) =>
    planCredentials(pool({ credentials: first }), policy, new Date(now.getTime() + ms)).credentials.user;
  expect(user(day - 1)).toBe("post.mail.worker");
  expect(user(day)).toBe("post.mail.worker_2");
});

describe("a user of the past", () => {
  const credentials: Credentials = {
    ...{ secretName: "mail-worker-3", user: "post.mail.worker_3", rotatedAt: now.toISOString() },
    retiring: [
      { user: "post.mail.worker", since: now.toISOString() },
      { user: "post.mail.worker_2", since: now.toISOString() },
    ],
  };
  const annotated = (generation: number) =>
    generation === 1 ? {} : { "jobwright.dev/credentials-generation": String(generation) };
  const pod = (generation: number, phase = "Running", deleted = false): Pod => ({
    metadata: {
      name: `mail-${generation}`,
      annotations: annotated(generation),
      ...(deleted && { deletionTimestamp: now.toISOString() }),
    },
    status: { phase },
  });
  const deployment = (generation: number, status: Deployment["status"] = {}): Deployment => ({
    metadata: { name: "mail", generation: 7 },
    spec: { replicas: 2, template: { metadata: { annotations: annotated(generation) } } },
    status: { observedGeneration: 7, replicas: 2, updatedReplicas: 2, ...status },
  });

  test("goes when no pod has it and none can come to have it", () => {
    expect(unneeded(credentials, deployment(3), [pod(3)])).toEqual(["post.mail.worker", "post.mail.worker_2"]);
    expect(unneeded(credentials, deployment(3, { replicas: 0, updatedReplicas: 0 }), [])).toHaveLength(2);
  });

  test("stays as long as a pod has it, one that is being deleted and finishes its jobs included", () => {
    expect(unneeded(credentials, deployment(3), [pod(3), pod(2)])).toEqual(["post.mail.worker"]);
    expect(unneeded(credentials, deployment(3), [pod(1, "Running", true)])).toEqual(["post.mail.worker_2"]);
    expect(unneeded(credentials, deployment(3), [pod(1, "Pending")])).toEqual(["post.mail.worker_2"]);
  });

  test("is not kept by a pod that has ended", () => {
    expect(unneeded(credentials, deployment(3), [pod(1, "Failed"), pod(2, "Succeeded")])).toHaveLength(2);
  });

  test("stays while a rollout is stuck or has yet to begin", () => {
    expect(unneeded(credentials, deployment(3, { replicas: 3, updatedReplicas: 1 }), [])).toEqual([]);
    expect(unneeded(credentials, deployment(3, { observedGeneration: 6 }), [])).toEqual([]);
    expect(unneeded(credentials, deployment(2), [])).toEqual([]);
    expect(unneeded(credentials, undefined, [])).toEqual([]);
  });
});
