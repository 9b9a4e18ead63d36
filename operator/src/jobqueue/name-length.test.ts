import { delayRoutingKey } from "@jobwright/worker-runtime/contract";
import { expect, test } from "vitest";
import type { JobQueue } from "../api/objects.ts";
import { refuseLongNames } from "./name-length.ts";

function jobQueue(lanes: string[] = []): JobQueue {
  return { spec: { lanes: lanes.map((name) => ({ name })) } } as unknown as JobQueue;
}

test("names to which a delayed job can return are let be, and others refused", () => {
  const longest = "q".repeat(199);
  expect(delayRoutingKey(0, longest)).toHaveLength(255);
  expect(() => refuseLongNames(jobQueue(), longest)).not.toThrow();
  expect(() => refuseLongNames(jobQueue(), `${longest}q`)).toThrow(
    "is 200 characters long, and delayed jobs find their way to names of at most 199: create a JobQueue of a shorter name",
  );
});

test("lanes are named, whose queues are called longer", () => {
  const name = "q".repeat(164);
  expect(() => refuseLongNames(jobQueue(["a", "b".repeat(34)]), name)).not.toThrow();
  expect(() => refuseLongNames(jobQueue(["a", "b".repeat(35)]), name)).toThrow(
    `the queue of lane "${"b".repeat(35)}" (spec.lanes[1].name) would be called`,
  );
});
