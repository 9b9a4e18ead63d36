import type { WorkerPool } from "../api/objects.ts";
import { isActive, type PodView, type WorkerReport } from "../autoscaling/signals.ts";
import { pods } from "../kinds.ts";
import { isNotFound, type KubeClient, type Logger } from "../kube/index.ts";
import { evictionGuards } from "./names.ts";
import { type Pod, podView } from "./pods.ts";

/** Short jobs come and go without a write to the API server: only lasting work is guarded, and only lasting rest is not. */
const busyMs = 10_000;
const idleMs = 30_000;

/** Writes in one step, so that a pool of hundreds makes no burst of them. */
const writesPerStep = 5;

/** A worker, and whether its pod is guarded. */
export interface Guarded extends PodView {
  readonly report: WorkerReport | undefined;
  readonly guarded: boolean;
}

/** Since when each worker is busy, or idle, without a break. */
export type GuardState = ReadonlyMap<string, { readonly busy: boolean; readonly sinceMs: number }>;

export interface GuardPlan {
  readonly guard: readonly string[];
  readonly release: readonly string[];
  readonly state: GuardState;
}

/** Which pods node autoscalers should leave alone from now on, and which no more. What silent workers do is not known: as they were. */
export function planGuards(before: GuardState, workers: readonly Guarded[], nowMs: number): GuardPlan {
  const known = workers.filter((worker) => isActive(worker) && worker.report?.fresh);
  const state: GuardState = new Map(
    known.map(({ name, report }) => {
      const busy = (report?.busy ?? 0) > 0;
      const last = before.get(name);
      return [name, last?.busy === busy ? last : { busy, sinceMs: nowMs }];
    }),
  );
  const lasts = ({ name }: Guarded, busy: boolean, ms: number) => {
    const now = state.get(name);
    return now !== undefined && now.busy === busy && nowMs - now.sinceMs >= ms;
  };
  const guard = known.filter((worker) => !worker.guarded && lasts(worker, true, busyMs));
  const release = known.filter((worker) => worker.guarded && lasts(worker, false, idleMs));
  const due = [...guard, ...release].slice(0, writesPerStep).map(({ name }) => name);
  const names = (list: readonly Guarded[]) => list.map(({ name }) => name).filter((name) => due.includes(name));
  return { guard: names(guard), release: names(release), state };
}

/** Keeps node autoscalers from the nodes of busy workers. */
export interface EvictionGuards {
  /** Looks at one step's pods and reports, and annotates what is due. What fails is logged, and comes again. */
  step(
    pool: WorkerPool,
    pods: readonly Pod[],
    reports: ReadonlyMap<string, WorkerReport>,
    nowMs: number,
  ): Promise<void>;
}

export function createEvictionGuards({ client, log }: { client: KubeClient; log: Logger }): EvictionGuards {
  let state: GuardState = new Map();

  async function annotate(pod: string, namespace: string, on: boolean): Promise<void> {
    const annotations = Object.fromEntries(
      Object.entries(evictionGuards).map(([key, value]) => [key, on ? value : null]),
    );
    try {
      await client.patch(pods, pod, namespace, { metadata: { annotations } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return {
    async step(pool, found, reports, nowMs) {
      if (isUsersOwn(pool)) return;
      const { namespace, name } = pool.metadata;
      const workers = found.map((pod) => {
        return { ...podView(pod), report: reports.get(pod.metadata.name), guarded: isGuarded(pod) };
      });
      const plan = planGuards(state, workers, nowMs);
      ({ state } = plan);
      const writes = [
        ...plan.guard.map((pod) => annotate(pod, namespace, true)),
        ...plan.release.map((pod) => annotate(pod, namespace, false)),
      ];
      for (const result of await Promise.allSettled(writes)) {
        if (result.status === "rejected") {
          log.debug({ namespace, pool: name, err: result.reason }, "a pod was not annotated; it is tried again");
        }
      }
    },
  };
}

/** A template that says it itself is left alone. */
function isUsersOwn({ spec }: WorkerPool): boolean {
  return Object.keys(evictionGuards).some((name) => spec.template.metadata?.annotations?.[name] !== undefined);
}

function isGuarded({ metadata }: Pod): boolean {
  return Object.entries(evictionGuards).every(([name, value]) => metadata.annotations?.[name] === value);
}
