import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { run } from "../../test/cluster/command.ts";
import { freePorts, startOwned } from "../../test/cluster/owned-process.ts";
import { type Metrics, parseMetrics } from "./metrics.ts";

/** The operator as it is shipped, bundled, in a process of its own. */
export interface OperatorProcess {
  /** What it says of itself now. */
  read(): Promise<Reading>;
  /** Waits until `reached` holds; polls every 100 ms. @throws if the process ends, or after `limitMs`. */
  until(what: string, limitMs: number, reached: (reading: Reading) => boolean): Promise<Reading>;
  /** Ends it without warning, as a node that is lost; with warning while it is profiled, or there would be no profile. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** All but the memory are sums since its start. */
export interface Reading {
  readonly rssBytes: number;
  /** The most that it ever was. */
  readonly peakRssBytes: number;
  readonly cpuSeconds: number;
  /** Requests to the API server that change something; the lease's renewals are not among them. */
  readonly apiWrites: number;
  /** All requests to the API server but the lease's. */
  readonly apiCalls: number;
  readonly brokerCalls: number;
  /** Passes over JobQueues that have ended. */
  readonly passes: number;
  /** JobQueues that wait for a pass or have one. */
  readonly busy: number;
  readonly leads: boolean;
  /** The longest that its event loop was held since the last reading. */
  readonly heldSeconds: number;
  readonly metrics: Metrics;
}

/** Bundles the operator as its image does. @returns the bundle's path. */
export async function buildOperator(): Promise<string> {
  await run(process.execPath, [fileURLToPath(new URL("../../operator/build.mjs", import.meta.url))]);
  return fileURLToPath(new URL("../../operator/dist/main.js", import.meta.url));
}

/** Node's flags, as the operator's image sets them. */
function imageFlags(): string[] {
  const dockerfile = readFileSync(new URL("../../Dockerfile", import.meta.url), "utf8");
  const [, entrypoint] = /^ENTRYPOINT (\[.*"\/operator\/dist\/main\.js"\])$/m.exec(dockerfile) ?? [];
  if (entrypoint === undefined) throw new Error("Dockerfile: no ENTRYPOINT runs /operator/dist/main.js");
  return (JSON.parse(entrypoint) as string[]).slice(1, -1);
}

/** `BENCH_CPU_PROFILE=<folder>` has it write a CPU profile there as it ends. */
const profiling =
  process.env.BENCH_CPU_PROFILE === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${process.env.BENCH_CPU_PROFILE}`];

/** Starts it; resolves when it serves its metrics. It ends with this process at the latest. */
export async function startOperatorProcess(options: {
  readonly bundle: string;
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly logFile: string;
}): Promise<OperatorProcess> {
  const { bundle, kubeconfig, namespace, logFile } = options;
  const [port = 0] = await freePorts(1);
  const server = startOwned({
    command: process.execPath,
    // One identity, as a container that is started again in its pod.
    args: [
      ...imageFlags(),
      ...profiling,
      bundle,
      ...["--namespace", namespace, "--watch-namespaces", namespace, "--identity", "bench", "--port", `${port}`],
    ],
    env: { KUBECONFIG: kubeconfig, NODE_ENV: "production", MALLOC_ARENA_MAX: "2" },
    logFile,
  });

  async function read(): Promise<Reading> {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    const metrics = parseMetrics(await answer.text());
    const api = (wanted: (labels: Record<string, string>) => boolean) =>
      metrics.sum("rest_client_requests_total", (labels) => labels.resource !== "leases" && wanted(labels));
    const ofQueues = (labels: Record<string, string>) => (labels.controller ?? labels.name) === "jobqueue";
    return {
      rssBytes: metrics.sum("process_resident_memory_bytes"),
      peakRssBytes: peakRssBytes(server.pid),
      cpuSeconds: metrics.sum("process_cpu_seconds_total"),
      apiWrites: api(({ method }) => method !== "GET"),
      apiCalls: api(() => true),
      brokerCalls: metrics.sum("jobwright_broker_calls_total"),
      passes: metrics.sum("controller_runtime_reconcile_total", ofQueues),
      busy: metrics.sum("workqueue_depth", ofQueues) + metrics.sum("controller_runtime_active_workers", ofQueues),
      leads: metrics.sum("leader_election_master_status") === 1,
      heldSeconds: metrics.sum("nodejs_eventloop_lag_max_seconds"),
      metrics,
    };
  }

  async function until(what: string, limitMs: number, reached: (reading: Reading) => boolean): Promise<Reading> {
    for (const untilMs = Date.now() + limitMs; ; await sleep(100)) {
      const reading = await read().catch(() => undefined);
      if (reading !== undefined && reached(reading)) return reading;
      if (!server.running) throw new Error(`the operator ended; its log is ${logFile}`);
      if (Date.now() >= untilMs) throw new Error(`${what}: not within ${limitMs / 1000} s; the log is ${logFile}`);
    }
  }

  await until("the operator serves metrics", 30_000, () => true);
  return { read, until, kill: () => (profiling.length > 0 ? server.stop() : server.kill()), stop: () => server.stop() };
}

/** A reading in one line. */
export function describe({ rssBytes, cpuSeconds, brokerCalls, apiCalls, apiWrites, passes }: Reading): string {
  return `RSS ${Math.round(rssBytes / 2 ** 20)} MiB, CPU ${cpuSeconds.toFixed(1)} s, ${brokerCalls} broker calls, ${apiCalls} API calls (${apiWrites} writes), ${passes} passes`;
}

function peakRssBytes(pid: number): number {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kibibytes) * 1024;
}
