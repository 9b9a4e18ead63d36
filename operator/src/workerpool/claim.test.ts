import { expect, test } from "vitest";
import type { WorkerPool } from "../api/objects.ts";
import { holderOf } from "./claim.ts";

function pool(name: string, queue: string, second: number, metadata: Partial<WorkerPool["metadata"]> = {}): WorkerPool {
  const creationTimestamp = `2026-01-01T00:00:0${second}Z`;
  return {
    apiVersion: "jobwright.dev/v1alpha1",
    kind: "WorkerPool",
    metadata: { name, namespace: "post", uid: name, generation: 1, creationTimestamp, ...metadata },
    spec: { queueRef: { name: queue } } as WorkerPool["spec"],
  };
}

test("the oldest pool has the queue", () => {
  const [younger, older] = [pool("a", "mail", 2), pool("b", "mail", 1)];
  expect(holderOf("mail", [younger, older])).toBe(older);
  expect(holderOf("mail", [older, younger])).toBe(older);
});

test("of two made in the same second it is always the same one", () => {
  const [one, other] = [pool("a", "mail", 1), pool("b", "mail", 1)];
  expect(holderOf("mail", [one, other])).toBe(holderOf("mail", [other, one]));
});

test("pools of other queues, and those being deleted, have no part in it", () => {
  const leaving = pool("a", "mail", 1, { deletionTimestamp: "2026-01-01T00:00:05Z" });
  const elsewhere = pool("b", "letters", 1);
  const staying = pool("c", "mail", 3);
  expect(holderOf("mail", [leaving, elsewhere, staying])).toBe(staying);
  expect(holderOf("mail", [leaving, elsewhere])).toBeUndefined();
});
