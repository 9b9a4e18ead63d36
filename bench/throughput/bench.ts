import { parseArgs } from "node:util";
import { report } from "../../test/cluster/progress.ts";
import { rounded, writeResults } from "../harness/results.ts";
import { openServers } from "../harness/scene.ts";
import { ratioOf, spreadOf } from "../harness/statistics.ts";
import { renderTable } from "../harness/table.ts";
import type { SubjectName } from "../subjects/names.ts";
import { consumeCases, headline, headlineProduce, produceCases } from "./cases.ts";
import { measureConsuming } from "./consume.ts";
import { measureProducing } from "./produce.ts";
import { cpuMsOf, type Runs, ratesOf } from "./rounds.ts";

const rawConsumers = ["amqplib", "amqplib-ahead"] as const satisfies SubjectName[];
const consumers: readonly SubjectName[] = [
  "jobwright",
  ...rawConsumers,
  "rabbitmq-client",
  "bullmq-everysec",
  "bullmq-always",
];
// Prefetch is nothing to a producer.
const producers: readonly SubjectName[] = consumers.filter((subject) => subject !== "amqplib-ahead");

interface Measured {
  readonly title: string;
  readonly runs: Runs;
}

/**
 * Jobs a second against the peers, in one interleaved run. `--quick`: only the headline cases; `--only <text>`: they and
 * those whose title has this text.
 */
export async function throughput(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", default: "" },
      rounds: { type: "string", default: "5" },
    },
  });
  const rounds = Number(values.rounds);
  const began = Date.now();

  const wanted = (title: string) => !values.quick && title.includes(values.only);

  await using servers = await openServers(consumers);
  const producing: Measured[] = [];
  let produceHeadline: Runs = new Map();
  for (const one of produceCases()) {
    const title = `produce ${bytes(one.payloadBytes)}`;
    if (one !== headlineProduce && !wanted(title)) continue;
    const runs = await measureProducing(servers, producers, one, rounds);
    if (one === headlineProduce) produceHeadline = runs;
    producing.push({ title, runs });
    report(`${title}: ${brief(runs)}`, Date.now() - began);
  }
  const consuming: Measured[] = [];
  let consumeHeadline: Runs = new Map();
  for (const one of consumeCases()) {
    const handler = one.handlerMs === 0 ? "no-op" : `${one.handlerMs} ms`;
    const title = `consume ${handler}, ${bytes(one.payloadBytes)}, concurrency ${one.concurrency}`;
    if (one !== headline && !wanted(title)) continue;
    const runs = await measureConsuming(servers, consumers, one, rounds);
    if (one === headline) consumeHeadline = runs;
    consuming.push({ title, runs });
    report(`${title}: ${brief(runs)}`, Date.now() - began);
  }

  print("Jobs per second: median (lowest – highest)", producing, producers, ratesOf, 0);
  print("Jobs per second: median (lowest – highest)", consuming, consumers, ratesOf, 0);
  print("CPU of the worker's process, ms per 1,000 jobs", consuming, consumers, cpuMsOf, 1);
  print("CPU of the producer's process, ms per 1,000 jobs", producing, producers, cpuMsOf, 1);
  writeResults("throughput", {
    rounds,
    runs: [...producing, ...consuming].map(({ title, runs }) => ({ case: title, subjects: Object.fromEntries(runs) })),
  });

  const consumeRatio = (other: SubjectName) =>
    ratioOf(ratesOf(consumeHeadline, "jobwright"), ratesOf(consumeHeadline, other));
  const produceRatio = (other: SubjectName) =>
    ratioOf(ratesOf(produceHeadline, "jobwright"), ratesOf(produceHeadline, other));
  const closing = {
    bench: "throughput",
    // Against the faster of the two.
    consumeVsAmqplib: rounded(Math.min(...rawConsumers.map(consumeRatio))),
    produceVsAmqplib: rounded(produceRatio("amqplib")),
    vsBullmqAlways: rounded(consumeRatio("bullmq-always")),
    vsBullmqEverysec: rounded(consumeRatio("bullmq-everysec")),
    consumeVsAmqplibEqualPrefetch: rounded(consumeRatio("amqplib")),
    consumeVsRabbitmqClient: rounded(consumeRatio("rabbitmq-client")),
    produceVsRabbitmqClient: rounded(produceRatio("rabbitmq-client")),
    produceVsBullmqAlways: rounded(produceRatio("bullmq-always")),
    produceVsBullmqEverysec: rounded(produceRatio("bullmq-everysec")),
    rounds,
    seconds: Math.round((Date.now() - began) / 1000),
  };
  process.stdout.write(`${JSON.stringify(closing)}\n`);
}

function print(
  title: string,
  measured: readonly Measured[],
  subjects: readonly SubjectName[],
  valuesOf: (runs: Runs, subject: SubjectName) => number[],
  digits: number,
): void {
  const number = (value: number) =>
    value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const rows = measured.map(({ title: name, runs }) => [
    name,
    ...subjects.map((subject) => {
      const { median, min, max } = spreadOf(valuesOf(runs, subject));
      return `${number(median)} (${number(min)} – ${number(max)})`;
    }),
  ]);
  process.stdout.write(`\n${title}\n${renderTable([["", ...subjects], ...rows])}`);
}

function brief(runs: Runs): string {
  return [...runs.keys()]
    .map((subject) => `${subject} ${Math.round(spreadOf(ratesOf(runs, subject)).median).toLocaleString("en")}`)
    .join(", ");
}

function bytes(count: number): string {
  return count < 1024 ? `${count} B` : `${count / 1024} KB`;
}
