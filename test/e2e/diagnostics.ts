import { type Broker, manage, type Vhost } from "../broker/index.ts";
import { operatorLog } from "./installation.ts";
import { kubectl } from "./kubectl.ts";
import type { Recorder } from "./recorder.ts";

/** What a person would look at after a failed test of this workspace, as text. Never rejects. */
export async function describeWorkspace(workspace: {
  readonly namespace: string;
  readonly vhost: Vhost;
  readonly broker: Broker;
  readonly recorder: Recorder;
}): Promise<string> {
  const { namespace, vhost, broker, recorder } = workspace;
  const inNamespace = (...args: string[]) => kubectl(...args, "-n", namespace);
  const sections: [string, () => Promise<string>][] = [
    ["what is there", () => inNamespace("get", "jobwright,deployments,replicasets,pods", "-o", "wide")],
    ["JobQueues and WorkerPools", () => inNamespace("describe", "jobwright")],
    ["events", () => inNamespace("get", "events", "--sort-by=.metadata.creationTimestamp")],
    ["workers' logs", () => workerLogs(namespace)],
    ["operator's log", async () => lastLines((await operatorLog()).split("\n").filter(notable(namespace)), 80)],
    ["queues", () => queues(broker, vhost)],
    ["handlers' runs", async () => describeRuns(recorder)],
  ];
  const texts = await Promise.all(
    sections.map(async ([title, read]) => `── ${title}\n${await read().catch((error: unknown) => String(error))}`),
  );
  return texts.join("\n");
}

function notable(namespace: string): (line: string) => boolean {
  return (line) => line.includes(namespace) || /"level":"(warn|error|fatal)"/.test(line) || line.includes('"leading"');
}

async function workerLogs(namespace: string): Promise<string> {
  const names = (await kubectl("get", "pods", "-n", namespace, "-o", "name")).split("\n").filter((name) => name !== "");
  const logs = await Promise.all(
    names.map(async (name) => {
      const read = (...more: string[]) => kubectl("logs", "-n", namespace, name, "--tail=25", ...more);
      const previous = await read("--previous").catch(() => "");
      return `${name}\n${previous}${await read().catch((error: unknown) => String(error))}`;
    }),
  );
  return logs.join("\n");
}

async function queues(broker: Broker, vhost: Vhost): Promise<string> {
  const path = `/api/queues/${encodeURIComponent(vhost.name)}?disable_stats=true&enable_queue_totals=true`;
  const listed = (await manage(broker, "GET", path)) as { name: string; [count: string]: unknown }[];
  return listed
    .filter(({ name, messages }) => !name.startsWith("jobwright.delay.") || messages !== 0)
    .map(
      ({ name, messages_ready, messages_unacknowledged }) =>
        `${name}: ${messages_ready} ready, ${messages_unacknowledged} unacked`,
    )
    .join("\n");
}

function describeRuns(recorder: Recorder): string {
  const runs = recorder.runs();
  const last = runs.slice(-25).map(({ startedAtMs, endedAtMs, job, attempt, pod, ending }) => {
    const end = endedAtMs === undefined ? "runs" : `${ending} after ${endedAtMs - startedAtMs} ms`;
    return `${new Date(startedAtMs).toISOString()} ${job} attempt ${attempt} on ${pod}: ${end}`;
  });
  return [
    `${runs.length} runs, the last of them:`,
    ...last,
    ...recorder.repeated().map((which) => `repeated: ${which}`),
  ].join("\n");
}

function lastLines(lines: string[], count: number): string {
  return lines.slice(-count).join("\n");
}
