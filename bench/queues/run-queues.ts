import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jobQueues } from "../../operator/src/api/objects.ts";
import { jobQueueManifest } from "../../test/integration/operator/manifests.ts";
import { type BareTimes, declareBare } from "./bare.ts";
import { type Cpu, cpuBetween, describeCpu, readCpu } from "./cpu.ts";
import { buildOperator, describe, type Reading, startOperatorProcess } from "./operator-process.ts";
import { planOf } from "./plan.ts";
import { untilQuiet } from "./quiet.ts";
import { removeVhost } from "./remove-vhost.ts";
import { openStage } from "./stage.ts";

export interface QueuesOptions {
  readonly count: number;
  /** How long nothing happens, to see what the operator does then. */
  readonly idleSeconds: number;
  /** Often enough, declaring with nothing but the clients is measured too. */
  readonly bareRounds: number;
  say(progress: string): void;
}

export interface QueuesResult {
  /** From the first apply until the last JobQueue is Ready. */
  readonly readySeconds: number;
  /** What the servers and the bench used until then; the operator's own is in `creation`. */
  readonly cpu: Cpu;
  readonly bare: readonly BareTimes[];
  /** Per JobQueue, until all were Ready and what follows was done. */
  readonly perQueue: { readonly brokerCalls: number; readonly apiCalls: number; readonly apiWrites: number };
  readonly creation: Usage & { readonly api: Record<string, number>; readonly broker: Record<string, number> };
  readonly idle: Usage & {
    readonly seconds: number;
    readonly writes: number;
    readonly apiCallsPerMinute: number;
    readonly brokerCallsPerMinute: number;
    readonly api: Record<string, number>;
    readonly broker: Record<string, number>;
  };
  readonly restart: Usage & { readonly seconds: number; readonly writes: number };
  /** The most memory that the operator ever had, in bytes. */
  readonly peakRssBytes: number;
}

interface Usage {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  /** The longest that the operator's event loop was held. */
  readonly heldSeconds: number;
}

/** Applies many JobQueues to an operator of their own, lets it stand idle, and starts it anew. */
export async function runQueues({ count, idleSeconds, bareRounds, say }: QueuesOptions): Promise<QueuesResult> {
  const bundle = await buildOperator();
  await using stage = await openStage();
  const { kubeconfig, namespace, folder, broker, vhost } = stage;
  const start = () =>
    startOperatorProcess({ ...{ bundle, kubeconfig, namespace }, logFile: join(folder, "operator.log") });
  let operator = await start();
  try {
    const before = await operator.until("the operator leads", 60_000, ({ leads }) => leads);

    const cpuBefore = readCpu(broker.pid);
    const appliedMs = performance.now();
    await stage.applyUntilReady(jobQueues, (number) => jobQueueManifest(namespace, `queue-${number}`), {
      count,
      limitMs: 60_000 + count * 1_000,
    });
    const readySeconds = since(appliedMs);
    const cpu = cpuBetween(cpuBefore, readCpu(broker.pid));
    const made = await operator.read();
    say(`${count} JobQueues Ready after ${readySeconds.toFixed(1)} s; ${describe(made)}; CPU of ${describeCpu(cpu)}`);

    const settled = await untilQuiet(operator.read);
    say(`settled: ${describe(settled)}`);
    const idleMs = performance.now();
    await sleep(idleSeconds * 1000);
    const rested = await operator.read();
    const idle = { seconds: since(idleMs), writes: rested.apiWrites - settled.apiWrites };
    say(`idle for ${Math.round(idle.seconds)} s: ${idle.writes} writes; ${describe(rested)}`);

    await operator.kill();
    const startedMs = performance.now();
    operator = await start();
    const synced = await operator.until(
      "every JobQueue is looked at",
      120_000,
      ({ passes, busy }) => passes >= count && busy === 0,
    );
    const restartSeconds = since(startedMs);
    say(
      `started again: all looked at after ${restartSeconds.toFixed(1)} s, ${synced.apiWrites} writes; ${describe(synced)}`,
    );

    await operator.stop();
    const plan = await planOf(broker, vhost.name);
    await removeVhost(broker, vhost.name);
    const bare: BareTimes[] = [];
    for (let round = 0; round < bareRounds; round += 1) {
      const times = await declareBare(broker, plan);
      bare.push(times);
      say(
        `bare: ${times.seconds.toFixed(1)} s (queues ${times.queuesSeconds.toFixed(1)}, users ${times.usersSeconds.toFixed(1)}); CPU of ${describeCpu(times.cpu)}`,
      );
    }
    // A failure leaves the log.
    rmSync(folder, { recursive: true, force: true });
    const perMinute = (calls: number) => (calls / idle.seconds) * 60;
    return {
      ...{ readySeconds, cpu, bare },
      perQueue: {
        brokerCalls: (settled.brokerCalls - before.brokerCalls) / count,
        apiCalls: (settled.apiCalls - before.apiCalls) / count,
        apiWrites: (settled.apiWrites - before.apiWrites) / count,
      },
      creation: { ...usage(before, made), ...callsBetween(before, settled) },
      idle: {
        ...usage(settled, rested),
        ...idle,
        apiCallsPerMinute: perMinute(rested.apiCalls - settled.apiCalls),
        brokerCallsPerMinute: perMinute(rested.brokerCalls - settled.brokerCalls),
        ...callsBetween(settled, rested),
      },
      restart: { ...usage(undefined, synced), seconds: restartSeconds, writes: synced.apiWrites },
      peakRssBytes: Math.max(rested.peakRssBytes, synced.peakRssBytes),
    };
  } finally {
    await operator.stop();
  }
}

function usage(before: Reading | undefined, after: Reading): Usage {
  const { cpuSeconds, rssBytes, heldSeconds } = after;
  return { cpuSeconds: cpuSeconds - (before?.cpuSeconds ?? 0), rssBytes, heldSeconds };
}

function callsBetween(before: Reading, after: Reading) {
  const between = (name: string, ...labels: string[]) => {
    const was = before.metrics.by(name, ...labels);
    const is = Object.entries(after.metrics.by(name, ...labels));
    return Object.fromEntries(is.map(([key, sum]) => [key, sum - (was[key] ?? 0)]));
  };
  return {
    api: between("rest_client_requests_total", "method", "resource", "code"),
    broker: between("jobwright_broker_calls_total", "call"),
  };
}

function since(ms: number): number {
  return (performance.now() - ms) / 1000;
}
