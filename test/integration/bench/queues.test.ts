import { expect, it } from "vitest";
import { runQueues } from "../../../bench/queues/run-queues.ts";

it("many JobQueues are made with few calls each, rest without a write, and are looked at again by an operator that is started anew", {
  timeout: 300_000,
}, async () => {
  const count = 25;
  const { readySeconds, bare, perQueue, idle, restart } = await runQueues({
    count,
    idleSeconds: 20,
    bareRounds: 1,
    say: () => {},
  });
  expect(readySeconds).toBeGreaterThan(0);
  expect(bare).toHaveLength(1);
  // A finalizer, a Secret, a status and an Event; a JobQueue that is counted a second time has a status more.
  expect(perQueue.apiWrites).toBeGreaterThanOrEqual(4);
  expect(perQueue.apiWrites).toBeLessThan(5.5);
  expect(idle.writes).toBe(0);
  // Listings of the vhost, whatever the number of JobQueues.
  expect(idle.brokerCallsPerMinute + idle.apiCallsPerMinute).toBeLessThan(4 * count);
  expect(restart.writes).toBe(0);
});
