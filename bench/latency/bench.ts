import { parseArgs } from "node:util";
import { report } from "../../test/cluster/progress.ts";
import type { Latencies } from "../harness/protocol.ts";
import { rounded, writeResults } from "../harness/results.ts";
import { openScene, type Scene } from "../harness/scene.ts";
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
const secondsARun = 4;
const capacityJobs = 10_000;
const inFlight = 1_000;

interface Pair {
  readonly producer: SubjectProcess;
  readonly consumer: SubjectProcess;
}

/**
 * From the call that enqueues a job to the start of its handler, both in processes of their own. All subjects get the
 * same load: half of what the slowest can both produce and consume at a time.
 */
export async function latency(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { rounds: { type: "string", default: "5" } } });
  const rounds = Number(values.rounds);
  const began = Date.now();
  await using scene = await openScene(subjects, "latency");
  await using processes = new AsyncDisposableStack();
  const pairs = new Map<SubjectName, Pair>();
  for (const subject of subjects) pairs.set(subject, await openPair(subject, scene, processes));

  const capacities: Partial<Record<SubjectName, number>> = {};
  for (const [subject, pair] of pairs) {
    // The first is to warm up.
    await capacityOf(pair);
    capacities[subject] = Math.round(await capacityOf(pair));
  }
  const perSecond = Math.round(Math.min(...Object.values(capacities)) / 2);
  report(`Jobs a second, produced and consumed at once: ${JSON.stringify(capacities)}; the load is ${perSecond}/s`);

  const runs = new Map<SubjectName, Latencies[]>(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < rounds; round += 1) {
    const first = round % subjects.length;
    for (const subject of [...subjects.slice(first), ...subjects.slice(0, first)]) {
      const pair = pairs.get(subject);
      if (pair !== undefined) runs.get(subject)?.push(await latenciesOf(pair, perSecond));
    }
  }
  for (const { producer, consumer } of pairs.values()) {
    await producer.call("close", undefined);
    await consumer.call("close", undefined);
  }

  const quantiles = ["p50Ms", "p95Ms", "p99Ms", "maxMs"] as const;
  const medianOf = (subject: SubjectName, quantile: (typeof quantiles)[number]) =>
    spreadOf((runs.get(subject) ?? []).map((run) => run[quantile]));
  const rows = subjects.map((subject) => [
    subject,
    ...quantiles.map((quantile) => {
      const { median, min, max } = medianOf(subject, quantile);
      return `${median.toFixed(2)} (${min.toFixed(2)} – ${max.toFixed(2)})`;
    }),
    `${Math.round((perSecond / (capacities[subject] ?? Number.NaN)) * 100)} %`,
  ]);
  process.stdout.write(
    `\nFrom enqueue to the handler's start, ms, at ${perSecond} jobs/s: median of ${rounds} rounds\n`,
  );
  process.stdout.write(renderTable([["", "p50", "p95", "p99", "longest", "of its capacity"], ...rows]));
  writeResults("latency", { perSecond, capacities, runs: Object.fromEntries(runs) });
  const closing = {
    bench: "latency",
    perSecond,
    subjects: Object.fromEntries(
      subjects.map((subject) => [
        subject,
        {
          p50Ms: rounded(medianOf(subject, "p50Ms").median),
          p95Ms: rounded(medianOf(subject, "p95Ms").median),
          p99Ms: rounded(medianOf(subject, "p99Ms").median),
        },
      ]),
    ),
    rounds,
    seconds: Math.round((Date.now() - began) / 1000),
  };
  process.stdout.write(`${JSON.stringify(closing)}\n`);
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
