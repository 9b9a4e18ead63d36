import { delayLevel, heartbeatExchange } from "@jobwright/worker-runtime/contract";
import { expect, test } from "vitest";
import { subjectOf } from "./subject.ts";

const told = (event: string, name: string) => subjectOf({ event, name, vhost: "v" });

test("what happens to a queue, exchange, binding or policy is of the JobQueue that has such a name", () => {
  const topology = { kind: "Topology", names: ["media.image", "media"] };
  expect(told("queue.deleted", "media.image")).toEqual(topology);
  expect(told("exchange.deleted", "media.image.dlx")).toMatchObject({ names: ["media.image.dlx", "media.image"] });
  expect(told("binding.deleted", "media.image.fast")).toMatchObject({ names: ["media.image.fast", "media.image"] });
  expect(told("policy.set", "jobwright:media.image")).toEqual(topology);
  expect(told("policy.cleared", "jobwright:media.image/fast")).toEqual(topology);
  expect(told("queue.deleted", "plain")).toEqual({ kind: "Topology", names: ["plain"] });
});

test("what happens to a user, or to its permissions, is of the object that it was made for", () => {
  for (const event of ["user.deleted", "user.password.changed", "permission.created", "topic.permission.deleted"]) {
    expect(told(event, "media.image.worker")).toEqual({ kind: "User", key: "media/image" });
  }
  expect(told("user.deleted", "admin")).toBeUndefined();
});

test("what JobQueues share is everybody's, and so is the vhost", () => {
  expect(told("queue.deleted", delayLevel(3))).toEqual({ kind: "Shared" });
  expect(told("exchange.deleted", heartbeatExchange)).toEqual({ kind: "Shared" });
  expect(told("policy.cleared", "jobwright:jobwright.delay")).toEqual({ kind: "Shared" });
  expect(told("policy.cleared", "jobwright-defaults:media")).toEqual({ kind: "Shared" });
  expect(told("vhost.deleted", "v")).toEqual({ kind: "Vhost" });
});

test("queues of our own that come and go are nobody's", () => {
  expect(told("queue.deleted", "jobwright.wake.media.image.0123")).toBeUndefined();
  expect(told("binding.deleted", "jobwright.operator.heartbeats.0123")).toBeUndefined();
  expect(told("queue.deleted", "jobwright.control.media.image.pod")).toBeUndefined();
  expect(told("policy.set", "everything")).toBeUndefined();
});
