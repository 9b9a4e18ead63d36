import { defineJob } from "@jobwright/worker-runtime";
import { expect, test } from "vitest";
import { z } from "zod";
import { readDeadLetters } from "./dead-letters.ts";
import { flaky, hopeless, nap } from "./handlers/jobs.ts";
import { until } from "./until.ts";
import { createWorkspace } from "./workspace.ts";

// Our producer checks input before it sends anything; wrong input comes from elsewhere, so here it is sent unchecked.
const unchecked = defineJob({ name: nap.name, input: z.unknown(), run: () => {} });

test("retries with back-off, and dead letters that say why", async () => {
  const workspace = await createWorkspace("outcomes");
  const { recorder } = workspace;
  await workspace.applyQueue({
    retry: { maxAttempts: 3, backoff: { initial: "1s", max: "4s", multiplier: 2, jitterPercent: 0 } },
  });
  await workspace.applyPool({ concurrency: 4, maxReplicas: 1 });
  const producer = await workspace.producer();
  const recovers = await producer.enqueue(flaky, { failures: 2 });
  const exhausted = await producer.enqueue(flaky, { failures: 3 });
  const hopelessJob = await producer.enqueue(hopeless, { reason: "the picture was deleted" });
  const invalid = await producer.enqueue(unchecked, { ms: "long" });

  await until("the job that fails twice succeeds", () => recorder.unfinished([recovers]).length === 0);
  const letters = await until("three jobs are dead-lettered", async () => {
    const found = await readDeadLetters(workspace);
    return found.length >= 3 && new Map(found.map((letter) => [letter.properties.message_id ?? "", letter]));
  });

  const attempts = recorder.runs().filter(({ job }) => job === recovers);
  expect(attempts.map(({ attempt, ending }) => [attempt, ending])).toEqual([
    [1, "failed"],
    [2, "failed"],
    [3, "finished"],
  ]);
  const waits = attempts.slice(1).map(({ startedAtMs }, index) => startedAtMs - (attempts[index]?.endedAtMs ?? 0));
  // The delay fabric rounds up to whole seconds and is never early; the recorder hears of an end a little late.
  expect(waits[0]).toBeGreaterThan(900);
  expect(waits[1]).toBeGreaterThan(1_900);
  expect([...letters.keys()].toSorted()).toEqual([exhausted, hopelessJob, invalid].toSorted());
  expect(letters.get(exhausted)?.properties.headers).toMatchObject({
    "jobwright-dead-reason": "AttemptsExhausted",
    "jobwright-error-message": "attempt 3 fails as it should",
    "jobwright-attempt": 3,
    "jobwright-origin": workspace.queue.queue,
  });
  expect(letters.get(hopelessJob)?.properties.headers).toMatchObject({
    "jobwright-dead-reason": "GaveUp",
    "jobwright-error-message": "the picture was deleted",
    "jobwright-attempt": 1,
  });
  expect(letters.get(invalid)?.properties.headers).toMatchObject({
    "jobwright-dead-reason": "InvalidInput",
    "jobwright-error-message": expect.stringContaining("ms"),
  });
  expect(letters.get(invalid)?.payload).toBe('{"ms":"long"}');
  expect(recorder.runs().some(({ job }) => job === invalid)).toBe(false);
});
