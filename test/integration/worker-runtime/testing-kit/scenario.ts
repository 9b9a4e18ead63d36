import { setImmediate as nextTurn } from "node:timers/promises";
import { defineJob, type EnqueueOptions, GiveUp, RetryLater } from "@jobwright/worker-runtime";
import { deadLetterHeader, header, type OutcomeEvent } from "@jobwright/worker-runtime/contract";
import { z } from "zod";

/** Where the scenario is played: in memory, or on a broker. */
export interface Stage {
  enqueue(job: (typeof jobs)[number], input: unknown, options?: EnqueueOptions): Promise<string>;
  publish(
    type: string,
    body: unknown,
    properties: { messageId: string; headers: Record<string, unknown> },
  ): Promise<void>;
  /** Lets time pass until the event is there. */
  seen(key: string, outcome: OutcomeEvent["outcome"]): Promise<void>;
  /** Lets time pass until the handler of {@link held} has started so often. */
  started(count: number): Promise<void>;
  /** The worker's connection is lost. */
  crash(): Promise<void>;
  /** The worker stops, longer than the handler wants; another takes its place. */
  replace(): Promise<void>;
  events(): Promise<readonly OutcomeEvent[]>;
  replies(): Promise<readonly OutcomeEvent[]>;
  /** Headers of the dead letters. */
  dead(): Promise<readonly Record<string, unknown>[]>;
}

const nothing = z.object({});

const fine = defineJob({
  name: "fine",
  input: z.object({ n: z.number() }),
  output: z.object({ twice: z.number() }),
  async run({ n }, job) {
    job.progress(0.5, "half");
    // A job that ends at once tells no progress: its outcome says more.
    await nextTurn();
    return { twice: n * 2 };
  },
});
const flaky = defineJob({
  name: "flaky",
  input: nothing,
  run(_, { attempt }) {
    if (attempt < 3) throw new TypeError(`attempt ${attempt} fails`);
  },
});
const broken = defineJob({
  name: "broken",
  input: nothing,
  run() {
    throw new Error("always");
  },
});
const hopeless = defineJob({
  name: "hopeless",
  input: nothing,
  run() {
    throw new GiveUp("no use");
  },
});
const widening = defineJob({
  name: "widening",
  input: z.object({ km: z.number() }),
  run({ km }) {
    if (km < 4) throw new RetryLater({ after: "1s", input: { km: km * 2 } });
    return km;
  },
});
const wrongRetry = defineJob({
  name: "wrong-retry",
  input: nothing,
  run() {
    throw new RetryLater({ after: "1s", input: 7 });
  },
});
const slow = defineJob({
  name: "slow",
  input: nothing,
  timeout: "1s",
  run: (_, { signal }) => untilAborted(signal),
});
const liar = defineJob({
  name: "liar",
  input: nothing,
  output: z.object({ twice: z.number() }),
  run: () => ({ twice: "no number" }) as never,
});
const parent = defineJob({
  name: "parent",
  input: nothing,
  async run(_, job) {
    // Whatever it enqueues counts only in the attempt that succeeds.
    await job.enqueue(fine, { n: job.attempt }, { key: "child", lane: "urgent" });
    await job.enqueue(hopeless, {}, { key: "late child", delay: "1s" });
    if (job.attempt === 1) throw new Error("after it has enqueued");
  },
});
let starts = 0;
const held = defineJob({
  name: "held",
  input: nothing,
  async run(_, { signal }) {
    starts += 1;
    // Cut short twice: by a crash and by a stop.
    if (starts <= 2) await untilAborted(signal);
    return starts;
  },
});

export const jobs = [fine, flaky, broken, hopeless, widening, wrongRetry, slow, liar, parent, held] as const;
export const heldStarts = () => starts;

/** Everything on one second's scale, so that a real broker plays it in seconds; the delay fabric knows nothing shorter. */
export const retry = { maxAttempts: 3, initialMs: 1_000, maxMs: 1_000, multiplier: 1, jitterPercent: 0 };
export const lanes = [{ name: "urgent", weight: 3 }];
export const drainTimeout = { text: "2s", ms: 2_000 };

/** Plays every way in which a job may go, and tells what was seen of each, by its key. */
export async function play(stage: Stage) {
  starts = 0;
  await stage.enqueue(fine, { n: 2 }, { key: "fine", replyTo: "somebody" });
  await stage.enqueue(fine, { n: 3 }, { key: "laned", lane: "urgent", delay: "1s" });
  for (const job of [flaky, broken, hopeless, wrongRetry, slow, liar, parent] as const) {
    await stage.enqueue(job, {}, { key: job.name });
  }
  await stage.enqueue(widening, { km: 1 }, { key: "widening" });
  const foreign = (key: string, type: string, body: unknown, headers: Record<string, unknown> = {}) =>
    stage.publish(type, body, { messageId: key, headers: { [header.key]: key, ...headers } });
  await foreign("unknown", "nobody-knows", {});
  await foreign("misfit", "fine", { n: "two" });
  await foreign("no JSON", "fine", Buffer.from("{"));
  await foreign("expired", "fine", { n: 1 }, { [header.expiresAt]: 1_000 });
  await foreign("third attempt", "broken", {}, { [header.attempt]: 3 });
  for (const key of ["fine", "laned", "flaky", "widening", "parent", "child"]) await stage.seen(key, "done");
  for (const key of ["broken", "hopeless", "wrong-retry", "slow", "liar", "late child"])
    await stage.seen(key, "failed");
  for (const key of ["unknown", "misfit", "no JSON", "expired", "third attempt"]) await stage.seen(key, "failed");

  await stage.enqueue(held, {}, { key: "held" });
  await stage.started(1);
  await stage.crash();
  await stage.started(2);
  await stage.replace();
  await stage.seen("held", "done");

  return {
    events: byKey((await stage.events()).map(({ id, at, queue, ...told }) => told)),
    replies: (await stage.replies()).map(({ outcome, job, attempt }) => ({ outcome, job, attempt })),
    dead: byKey((await stage.dead()).map(told)),
  };
}

/** What of a dead letter is the same whenever it is played. */
function told(headers: Record<string, unknown>) {
  const { reason, errorName, errorMessage, origin } = deadLetterHeader;
  const kept = [header.attempt, header.key, reason, errorName, errorMessage, origin];
  return {
    key: String(headers[header.key]),
    ...Object.fromEntries(kept.map((name) => [name, headers[name]])),
  };
}

function byKey<Told extends { key?: string | undefined }>(all: readonly Told[]): Record<string, Told[]> {
  const grouped = Object.groupBy(all, ({ key = "" }) => key);
  return Object.fromEntries(
    Object.entries(grouped)
      .map(([key, list]) => [key, list ?? []] as const)
      .sort(([a], [b]) => a.localeCompare(b)),
  );
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
