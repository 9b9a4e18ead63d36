import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { defineWorker } from "@jobwright/worker-runtime";
import { environment } from "@jobwright/worker-runtime/contract";
import { pino } from "pino";
import type { TestContext } from "vitest";
import { pods } from "../../../operator/src/kinds.ts";
import { isNotFound } from "../../../operator/src/kube/index.ts";
import type { Pod } from "../../../operator/src/workerpool/pods.ts";
import { mountedSettings } from "../../../worker-runtime/src/configuration.ts";
import type { Job } from "../../../worker-runtime/src/job.ts";
import { type RunningWorker, startWorker } from "../../../worker-runtime/src/worker.ts";
import type { Scene } from "./scene.ts";
import { mountedConfiguration } from "./simulated-worker.ts";

type Mounting = Pod & { spec?: { volumes?: { name: string; secret?: { secretName: string } }[] } };

const finalizer = "test.jobwright.dev/worker";

/** Workers of this process in the place of those that a kubelet would run. */
export interface PodWorkers {
  /** By the pod's name; one that is stopped is there no more. */
  readonly running: ReadonlyMap<string, RunningWorker>;
}

/**
 * Runs a worker for each of the pool's pods, as a kubelet would: with the configuration and the Secret that the pod mounts,
 * ready once it works; stopped when the pod is to be deleted, which goes when the worker has ended.
 *
 * @param starts says of a pod whether its worker can be started at all.
 */
export async function runPods(
  context: TestContext,
  scene: Scene,
  { pool, jobs, starts = () => true }: { pool: string; jobs: readonly Job[]; starts?: (pod: Pod) => boolean },
): Promise<PodWorkers> {
  const { client, namespace } = scene;
  const running = new Map<string, RunningWorker>();
  const known = new Set<string>();
  /** Readiness by pod, as its status says. */
  const shown = new Map<string, boolean>();
  const directory = await mkdtemp(join(tmpdir(), "jobwright-pods-"));
  const ending: Promise<void>[] = [];
  const over = new AbortController();

  async function mount(pod: Mounting): Promise<string> {
    const at = join(directory, pod.metadata.name);
    await mkdir(join(at, "credentials"), { recursive: true });
    await writeFile(join(at, "worker.json"), JSON.stringify(await mountedConfiguration(scene, pool)));
    const volume = pod.spec?.volumes?.find(({ name }) => name === "jobwright-credentials");
    const facts = (await scene.secret(volume?.secret?.secretName ?? "")) ?? {};
    for (const [key, value] of Object.entries(facts)) await writeFile(join(at, "credentials", key), value);
    return at;
  }

  const patch = (pod: string, change: object, options = {}) =>
    client.patch(pods, pod, namespace, change, options).catch((error) => {
      if (!isNotFound(error)) throw error;
    });

  async function start(pod: Mounting): Promise<void> {
    const { name } = pod.metadata;
    await patch(name, { metadata: { finalizers: [finalizer] } });
    const at = await mount(pod);
    const env = { [environment.podName]: name };
    const worker = await startWorker({
      definition: defineWorker({ jobs }),
      settings: await mountedSettings(join(at, "worker.json"), join(at, "credentials"), env),
      log: pino({ level: process.env.LOG_LEVEL ?? "silent" }),
      telemetryPort: 0,
    });
    running.set(name, worker);
    await show(name, true);
  }

  /** The pod's status as a kubelet would write it. */
  async function show(name: string, ready: boolean): Promise<void> {
    shown.set(name, ready);
    const conditions = [{ type: "Ready", status: ready ? "True" : "False" }];
    const state = { running: { startedAt: "2026-01-01T00:00:00Z" } };
    const container = { name: "handlers", image: "i", imageID: "", restartCount: 0, ready, state };
    const status = { phase: "Running", conditions, containerStatuses: [container] };
    await patch(name, { status }, { subresource: "status" });
  }

  async function end(name: string): Promise<void> {
    const worker = running.get(name);
    running.delete(name);
    await worker?.stop();
    await patch(name, { metadata: { finalizers: null } });
  }

  /** Others go on meanwhile: it may have jobs to finish. What goes wrong is told when the test ends. */
  function beginToEnd(name: string): void {
    const ended = end(name);
    ended.catch(() => {});
    ending.push(ended);
  }

  /** A drained worker must be seen as not ready: before that its pod is not taken away. */
  async function probe(): Promise<void> {
    for (const [name, { telemetryPort }] of running) {
      const { ok } = await fetch(`http://127.0.0.1:${telemetryPort}/readyz`).catch(() => ({ ok: false }));
      if (ok !== shown.get(name)) await show(name, ok);
    }
  }

  async function look(): Promise<void> {
    await probe();
    const found = await scene.pods(pool);
    const names = new Set(found.map(({ metadata }) => metadata.name));
    // One that was deleted before it had the finalizer is gone at once.
    for (const name of known) if (!names.has(name) && known.delete(name)) beginToEnd(name);
    for (const pod of found) {
      const { name, deletionTimestamp } = pod.metadata;
      if (deletionTimestamp === undefined && !known.has(name) && starts(pod)) {
        known.add(name);
        await start(pod);
      }
      if (deletionTimestamp !== undefined && known.delete(name)) beginToEnd(name);
    }
  }

  const looking = (async () => {
    while (!over.signal.aborted) {
      await look();
      await pause(100);
    }
  })();
  // Thrown when the test ends, and not at vitest, which would not know of which test it is.
  looking.catch(() => {});
  context.onTestFinished(async () => {
    over.abort();
    await looking;
    await Promise.all([...ending, ...[...known].map(end)]);
    await rm(directory, { recursive: true });
  });
  return { running };
}
