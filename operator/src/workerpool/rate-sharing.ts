import type { WorkerPool } from "../api/objects.ts";
import type { PodView, WorkerReport } from "../autoscaling/signals.ts";
import { isActive } from "../autoscaling/signals.ts";
import { type Broker, sendCommand } from "../broker/index.ts";
import type { Logger } from "../kube/index.ts";
import { type RateInput, type RateWorker, shareRate } from "./share-rate.ts";

/** A queue's rate limit as the operator shares it out. */
export interface SharedLimit {
  readonly jobsPerSecond: number;
  /** Into how many parts workers cut it until they are told theirs. */
  readonly shares: number;
}

/** Keeps the workers of one pool to their shares of the queue's rate limit, a step a second. */
export interface RateSharing {
  step(seen: {
    readonly broker: Broker;
    readonly pool: WorkerPool;
    readonly limit: SharedLimit | undefined;
    readonly pods: readonly PodView[];
    readonly reports: ReadonlyMap<string, WorkerReport>;
    /** Workers asked for now. */
    readonly desired: number;
  }): Promise<void>;
}

export function createRateSharing(log: Logger): RateSharing {
  let outstanding: RateInput["outstanding"] = new Map();
  return {
    async step({ broker, pool, limit, pods, reports, desired }) {
      const { namespace, name } = pool.metadata;
      const active = pods.filter(isActive);
      const workers = active.flatMap(({ name: pod }) => rateWorker(pod, reports.get(pod)));
      let send: readonly { readonly pod: string; readonly rate: number | null }[];
      if (limit === undefined) {
        outstanding = new Map();
        send = workers.filter(({ reported }) => reported !== null).map(({ pod }) => ({ pod, rate: null }));
      } else {
        const unheard = Math.max(active.length, desired) - workers.length;
        const shared = shareRate({
          ...{ limit: limit.jobsPerSecond, shares: limit.shares, workers, outstanding },
          unheard: Math.min(unheard, limit.shares),
        });
        ({ send, outstanding } = shared);
      }
      const told = send.map(({ pod, rate }) =>
        sendCommand(broker, { namespace, pool: name, pod }, { type: "SetRate", jobsPerSecond: rate }),
      );
      for (const result of await Promise.allSettled(told)) {
        if (result.status === "rejected") {
          log.debug({ namespace, pool: name, err: result.reason }, "a rate was not told; it is told again");
        }
      }
    },
  };
}

/** A worker that ends starts nothing more; one that says nothing of rates speaks an older protocol and cannot be told. */
function rateWorker(pod: string, report: WorkerReport | undefined): RateWorker[] {
  if (report?.rate === undefined || report.state === "Stopping" || report.state === "Stopped") return [];
  return [{ pod, reported: report.rate, taking: report.state === "Running" || report.held > 0 }];
}
