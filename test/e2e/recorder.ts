import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Report } from "./handlers/recorded.ts";

/** One execution of a handler. */
export interface Run {
  readonly job: string;
  readonly attempt: number;
  readonly pod: string;
  readonly startedAtMs: number;
  endedAtMs?: number;
  ending?: "finished" | "failed";
}

/** Hears from the handlers what they start and finish. It stands outside the runtime and counts for itself. */
export interface Recorder extends AsyncDisposable {
  /** Where handlers report to. */
  readonly url: string;
  /** Every execution so far, in the order of their starts. */
  runs(): readonly Run[];
  /** Runs that have started and not ended. */
  running(): readonly Run[];
  /** Those of `jobs` that no handler has finished. */
  unfinished(jobs: readonly string[]): string[];
  /** `<job> attempt <n>: <pods>` for each attempt that started more than once. */
  repeated(): string[];
}

/** @param host an address of this machine that pods reach. */
export async function startRecorder(host: string): Promise<Recorder> {
  const runs = new Map<string, Run>();
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    take(JSON.parse(body) as Report);
    response.writeHead(204).end();
  });
  server.keepAliveTimeout = 60_000;

  function take({ run, job, attempt, pod, what }: Report): void {
    if (what === "started") {
      runs.set(run, { job, attempt, pod, startedAtMs: Date.now() });
      return;
    }
    const known = runs.get(run);
    if (known) Object.assign(known, { ending: what, endedAtMs: Date.now() });
  }

  server.listen(0, host);
  await once(server, "listening");
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}/`,
    runs: () => [...runs.values()],
    running: () => [...runs.values()].filter(({ ending }) => ending === undefined),
    unfinished(jobs) {
      const finished = new Set([...runs.values()].filter(({ ending }) => ending === "finished").map(({ job }) => job));
      return jobs.filter((job) => !finished.has(job));
    },
    repeated: () =>
      [...Map.groupBy(runs.values(), ({ job, attempt }) => `${job} attempt ${attempt}`)]
        .filter(([, each]) => each.length > 1)
        .map(([which, each]) => `${which}: ${each.map(({ pod }) => pod).join(", ")}`),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close").catch(() => {});
    },
  };
}
