import type { WorkerPool } from "../api/objects.ts";
import type { WorkerPoolStatus } from "../api/worker-pool.ts";
import { type Readiness, readyConditions } from "../kube/index.ts";
import { besideReadiness } from "./conditions.ts";
import { type Deployment, poolSelector } from "./deployment.ts";
import { isThere, type Pod } from "./pods.ts";
import type { Grant } from "./publish-to.ts";
import { wholeSeconds } from "./recent-decisions.ts";
import type { ScalerReport } from "./scaler-report.ts";

/** What a pass over a WorkerPool found. What is undefined is not known now, and the status keeps what it said of it. */
export interface PoolFindings {
  readonly readiness: Pick<Readiness, "state" | "reason" | "message">;
  readonly deployment?: Deployment | undefined;
  readonly pods?: readonly Pod[] | undefined;
  readonly report?: ScalerReport | undefined;
  /** The other queues that the workers may enqueue to. */
  readonly granted?: readonly Grant[] | undefined;
}

/** The status that a pass writes. */
export function poolStatus(pool: WorkerPool, found: PoolFindings, now: Date): WorkerPoolStatus {
  const { generation, name } = pool.metadata;
  const { deployment, pods, report } = found;
  const { serviceTimeMs, coldStartMs, longestRun, busy, backlog, lagMs } = report?.measurements ?? {};
  const { publishTo, ...known } = pool.status ?? {};
  const ready = readyConditions(pool.status?.conditions, { ...found.readiness, observedGeneration: generation }, now);
  const granted = found.granted?.map((grant) => ({ name: grant.name, queue: grant.queueName })) ?? publishTo;
  return {
    ...known,
    ...(granted?.length && { publishTo: granted }),
    observedGeneration: generation,
    conditions: besideReadiness(pool, ready, report, now),
    selector: Object.entries(poolSelector(name))
      .map(([label, value]) => `${label}=${value}`)
      .join(","),
    ...(pods && { replicas: pods.filter(isThere).length }),
    ...(deployment && { readyReplicas: deployment.status?.readyReplicas ?? 0 }),
    ...(report && { desiredReplicas: report.desiredReplicas }),
    ...(report?.decision && { decision: report.decision }),
    ...(report?.recentDecisions.length && { recentDecisions: [...report.recentDecisions] }),
    ...(busy !== undefined && { busy }),
    ...(backlog !== undefined && { backlog }),
    ...(lagMs !== undefined && { lagSeconds: Math.round(lagMs / 1000) }),
    ...((serviceTimeMs !== undefined || coldStartMs?.length || longestRun) && {
      measured: {
        ...(serviceTimeMs !== undefined && { serviceTimeMs }),
        ...(coldStartMs?.length && { coldStartMs: [...coldStartMs] }),
        ...(longestRun && {
          longestRunMs: Math.round(longestRun.seconds * 1000),
          longestRunEndedAt: wholeSeconds(longestRun.atMs),
        }),
      },
    }),
  };
}
