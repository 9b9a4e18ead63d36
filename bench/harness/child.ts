// A subject's process: one consumer or one producer, told what to do by the bench.
import { setTimeout as sleep } from "node:timers/promises";
import { loadSubject } from "../subjects/names.ts";
import type { SubjectConsumer, SubjectProducer } from "../subjects/subject.ts";
import { nowMs } from "./clock.ts";
import { payloadOf } from "./payload.ts";
import type { Answer, CallName, Calls, Latencies, Request, Usage } from "./protocol.ts";
import { quantile } from "./statistics.ts";

let consumer: SubjectConsumer | undefined;
let producer: SubjectProducer | undefined;

/** Handlers that ended since the last count began, and who waits for them. */
let ended = 0;
let awaited = 0;
let reached = () => {};
let starts: number[] = [];

const calls: { [Name in CallName]: (params: Calls[Name][0]) => Promise<Calls[Name][1]> } = {
  async openConsumer({ subject, target, concurrency, handlerMs }) {
    const { openConsumer } = await loadSubject(subject);
    consumer = await openConsumer(target, concurrency, async ({ sentAtMs }) => {
      if (sentAtMs > 0) starts.push(nowMs() - sentAtMs);
      if (handlerMs > 0) await sleep(handlerMs);
      ended += 1;
      if (ended === awaited) reached();
    });
    return undefined;
  },
  async drain({ jobs }) {
    const all = endedJobs(jobs);
    return await measured(jobs, async () => {
      await consumer?.resume();
      await all;
      await consumer?.pause();
    });
  },
  async resume() {
    ended = 0;
    starts = [];
    await consumer?.resume();
    return undefined;
  },
  async pause() {
    await consumer?.pause();
    return undefined;
  },
  async latencies({ jobs }) {
    if (ended < jobs) await endedJobs(jobs, ended);
    return latenciesOf(starts);
  },
  async openProducer({ subject, target }) {
    const { openProducer } = await loadSubject(subject);
    producer = await openProducer(target);
    return undefined;
  },
  async produce({ jobs, payloadBytes, inFlight }) {
    const payload = payloadOf(payloadBytes);
    let sequence = 0;
    const sendAll = async () => {
      while (sequence < jobs) {
        sequence += 1;
        await producer?.enqueue({ sequence, sentAtMs: 0, payload });
      }
    };
    return await measured(jobs, async () => {
      await Promise.all(Array.from({ length: inFlight }, sendAll));
    });
  },
  async pace({ jobs, payloadBytes, perSecond }) {
    const payload = payloadOf(payloadBytes);
    const sent: Promise<unknown>[] = [];
    return await measured(jobs, async () => {
      const beganMs = nowMs();
      while (sent.length < jobs) {
        const due = Math.min(jobs, Math.floor(((nowMs() - beganMs) * perSecond) / 1000));
        while (sent.length < due) {
          const sending = producer?.enqueue({ sequence: sent.length, sentAtMs: nowMs(), payload });
          if (sending !== undefined) sent.push(sending);
        }
        await sleep(1);
      }
      await Promise.all(sent);
    });
  },
  async close() {
    await consumer?.close();
    await producer?.close();
    return undefined;
  },
};

function endedJobs(jobs: number, already = 0): Promise<void> {
  ended = already;
  awaited = jobs;
  return new Promise((resolve) => {
    reached = resolve;
  });
}

async function measured(jobs: number, work: () => Promise<void>): Promise<Usage> {
  const cpu = process.cpuUsage();
  const beganMs = nowMs();
  await work();
  const elapsedMs = nowMs() - beganMs;
  const { user, system } = process.cpuUsage(cpu);
  return { jobs, elapsedMs, cpuMs: (user + system) / 1000 };
}

function latenciesOf(values: readonly number[]): Latencies {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    jobs: sorted.length,
    p50Ms: quantile(sorted, 0.5),
    p95Ms: quantile(sorted, 0.95),
    p99Ms: quantile(sorted, 0.99),
    maxMs: sorted.at(-1) ?? Number.NaN,
  };
}

async function answer({ id, name, params }: Request): Promise<Answer> {
  try {
    const call = calls[name] as (given: unknown) => Promise<unknown>;
    return { id, result: await call(params) };
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

process.on("message", (request: Request) => void answer(request).then((given) => process.send?.(given)));
// Without the bench there is nothing left to do.
process.on("disconnect", () => process.exit());
