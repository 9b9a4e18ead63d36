import { returnedLane } from "../consume/returned-lane.ts";
import { returnsQueue } from "../contract/index.ts";
import type { MemoryBroker } from "./memory-broker.ts";
import type { MemoryDelivery } from "./memory-delivery.ts";
import { type TestJob, testJob } from "./told.ts";

/** A job that waits or runs. */
export interface OpenJob extends TestJob {
  readonly state: "waiting" | "delayed" | "running";
  /** Where it waits, or came from; undefined for the work queue. */
  readonly lane: string | undefined;
  /** For delayed ones, when it comes. */
  readonly dueAt: Date | undefined;
}

/**
 * Jobs that are not at an end: running ones, then waiting ones in their order, then delayed ones.
 *
 * @param queue resolved name of the work queue.
 */
export function openJobs(
  queue: string,
  broker: Pick<MemoryBroker, "queues" | "delayed">,
  running: Iterable<MemoryDelivery>,
  nowMs: number,
): OpenJob[] {
  const laneOf = (name: string) => (name === queue ? undefined : name.slice(queue.length + 1));
  return [
    ...[...running].map(({ message, lane }) => ({
      ...testJob(message, nowMs),
      state: "running" as const,
      lane,
      dueAt: undefined,
    })),
    ...broker.queues.flatMap(({ name, ready }) =>
      ready.map((message) => ({
        ...testJob(message, nowMs),
        state: "waiting" as const,
        lane: name === returnsQueue(queue) ? returnedLane(queue, message.fields.routingKey) : laneOf(name),
        dueAt: undefined,
      })),
    ),
    ...broker.delayed.map(({ message, target, dueAtMs }) => ({
      ...testJob(message, nowMs),
      state: "delayed" as const,
      lane: laneOf(target),
      dueAt: new Date(dueAtMs),
    })),
  ];
}
