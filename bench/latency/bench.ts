import { parseArgs } from "node:util";
import { report } from "../../test/cluster/progress.ts";
import type { Latencies } from "../harness/protocol.ts";
import { rounded, writeResults } from "../harness/results.ts";
import { openScene, openServers, type Scene } from "../harness/scene.ts";
import { spreadOf } from "../harness/statistics.ts";
import { type SubjectProcess, startSubject } from "../harness/subject-process.ts";
import { renderTable } from "../harness/table.ts";
import type { SubjectName } from "../subjects/names.ts";

const subjects: readonly SubjectName[] = [
  "jobwright",
  "amqplib",
  "rabbitmq-client",
  "bullmq-everysec",
  "bullmq-always",
];
const concurrency = 100;
const payloadBytes = 100;
const secondsARun = 3;
const capacityJobs = 10_000;
const inFlight = 1_000;

interface Pair {
  readonly producer: SubjectProcess;
  readonly consumer: SubjectProcess;
}

const quantiles = ["p50Ms", "p95Ms", "p99Ms", "maxMs"] as const;

/** A load that is put on subjects, and what came of it. */
interface Load {
  readonly title: string;
  perSecond(subject: SubjectName): number;
  readonly runs: Map<SubjectName, Latencies[]>;
}

/**
 * From the call that enqueues a job to the start of its handler, both in processes of their own. Twice: each subject at
 * half of what it can produce and consume at once, and all at the same load, half of what the slowest can.
 */
export async function latency(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { rounds: { type: "string", default: "5" } } });
  const rounds = Number(values.rounds);
  const began = Date.now();
  await using servers = await openServers(subjects);
  const scene = await openScene(servers, subjects, "latency");
  await using processes = new AsyncDisposableStack();
  const pairs = new Map<SubjectName, Pair>();
  for (const subject of subjects) pairs.set(subject, await openPair(subject, scene, processes));

  const capacities = new Map<SubjectName, number>();
  for (const [subject, pair] of pairs) {
    // The first is to warm up.
    await capacityOf(pair);
    capacities.set(subject, Math.round(await capacityOf(pair)));
  }
  const slowest = Math.min(...capacities.values());
  report(`Jobs a second, produced and consumed at once: ${JSON.stringify(Object.fromEntries(capacities))}`);
  const noRuns = () => new Map<SubjectName, Latencies[]>(subjects.map((subject) => [subject, []]));
  const own: Load = {
    title: "each at half of its own capacity",
    perSecond: (subject) => Math.round((capacities.get(subject) ?? slowest) / 2),
    runs: noRuns(),
  };
  const equal: Load = {
    title: "all at half of the slowest's capacity",
    perSecond: () => Math.round(slowest / 2),
    runs: noRuns(),
  };
  for (let round = 0; round < rounds; round += 1) {
    const first = round % subjects.length;
    for (const subject of [...subjects.slice(first), ...subjects.slice(0, first)]) {
      const pair = pairs.get(subject);
      if (pair === undefined) continue;
      for (const { perSecond, runs } of [own, equal]) {
        runs.get(subject)?.push(await latenciesOf(pair, perSecond(subject)));
      }
    }
  }
  for (const { producer, consumer } of pairs.values()) {
    await producer.call("close", undefined);
    await consumer.call("close", undefined);
  }

  for (const load of [own, equal]) print(load, rounds);
  writeResults("latency", {
    capacities: Object.fromEntries(capacities),
    atHalfOfOwnCapacity: Object.fromEntries(own.runs),
    atEqualLoad: Object.fromEntries(equal.runs),
  });
  const closing = {
    bench: "latency",
    subjects: summary(own),
    atEqualLoad: summary(equal),
    rounds,
    seconds: Math.round((Date.now() - began) / 1000),
  };
  process.stdout.write(`${JSON.stringify(closing)}\n`);
}

function spread({ runs }: Load, subject: SubjectName, quantile: (typeof quantiles)[number]) {
  return spreadOf((runs.get(subject) ?? []).map((run) => run[quantile]));
}

function print(load: Load, rounds: number): void {
  const rows = subjects.map((subject) => [
    subject,
    `${load.perSecond(subject)}`,
    ...quantiles.map((quantile) => {
      const { median, min, max } = spread(load, subject, quantile);
      return `${median.toFixed(2)} (${min.toFixed(2)} – ${max.toFixed(2)})`;
    }),
  ]);
  process.stdout.write(`\nFrom enqueue to the handler's start, ms, ${load.title}: median of ${rounds} rounds\n`);
  process.stdout.write(renderTable([["", "jobs/s", "p50", "p95", "p99", "longest"], ...rows]));
}

function summary(load: Load) {
  return Object.fromEntries(
    subjects.map((subject) => [
      subject,
      {
        perSecond: load.perSecond(subject),
        p50Ms: rounded(spread(load, subject, "p50Ms").median),
        p95Ms: rounded(spread(load, subject, "p95Ms").median),
        p99Ms: rounded(spread(load, subject, "p99Ms").median),
      },
    ]),
  );
}

async function openPair(subject: SubjectName, scene: Scene, processes: AsyncDisposableStack): Promise<Pair> {
  const target = scene.targetOf(subject);
  const consumer = processes.use(startSubject());
  await consumer.call("openConsumer", { subject, target, concurrency, handlerMs: 0 });
  const producer = processes.use(startSubject());
  await producer.call("openProducer", { subject, target });
  return { producer, consumer };
}

/** Jobs a second that the pair produces and consumes at once. */
async function capacityOf({ producer, consumer }: Pair): Promise<number> {
  await consumer.call("resume", undefined);
  const began = performance.now();
  await producer.call("produce", { jobs: capacityJobs, payloadBytes, inFlight });
  await consumer.call("latencies", { jobs: capacityJobs });
  const elapsedMs = performance.now() - began;
  await consumer.call("pause", undefined);
  return (capacityJobs / elapsedMs) * 1000;
}

async function latenciesOf({ producer, consumer }: Pair, perSecond: number): Promise<Latencies> {
  const jobs = perSecond * secondsARun;
  await consumer.call("resume", undefined);
  await producer.call("pace", { jobs, payloadBytes, perSecond });
  const latencies = await consumer.call("latencies", { jobs });
  await consumer.call("pause", undefined);
  return latencies;
}
