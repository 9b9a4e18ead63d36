import type { Heartbeat } from "@jobwright/worker-runtime/contract";
import { type PoolStep, stepPool } from "../../../operator/src/autoscaling/pool.ts";
import { type PoolState, startPool } from "../../../operator/src/autoscaling/pool-state.ts";
import { sleepingPollMs } from "../../../operator/src/autoscaling/sleeping.ts";
import { drainedDeletionCost, planDrain } from "../../../operator/src/workerpool/drain.ts";
import { viewOf } from "../pod.ts";
import type { Subject } from "../subject.ts";

/** The operator's pace: each second; a push tells of one job at once, and what came with it is looked at when it has gathered. */
const intervalMs = 1_000;
const pushMs = 1;
const gatherMs = 1_000;

/** `spec.drainTimeout`'s default. */
const graceMs = 300_000;

interface Options {
  /** Sees each step. */
  readonly watch?: (step: PoolStep, atMs: number) => void;
  /** What the pool's status tells of earlier days. */
  readonly kept?: Parameters<typeof startPool>[0]["kept"];
}

/** This operator: its real decision and its real plan of drains; only what `scaler.ts` does around them is played here. */
export function jobwright({ watch, kept = {} }: Options = {}): Subject {
  return {
    name: "jobwright",
    config: "targetWait as the trace has it",
    graceMs,
    begin(scene) {
      let state: PoolState = startPool({ nowMs: scene.fromMs, currentReplicas: scene.replicas, kept });
      let inbox: { heartbeat: Heartbeat; heardAtMs: number }[] = [];
      let uncordonedAtMs: ReadonlyMap<string, number> = new Map();
      let asleep = false;
      let restsUntilMs = 0;

      function step(wake: boolean, backlogReady = scene.ready()): void {
        const { nowMs } = scene.clock;
        const views = scene.pods().map(viewOf);
        const heartbeats = inbox;
        inbox = [];
        const { settings } = scene.trace;
        const next = stepPool(state, { nowMs, settings, backlogReady, wake, heartbeats, pods: views });
        state = next.state;
        watch?.(next, nowMs - scene.fromMs);
        const plan = planDrain({
          nowMs,
          workers: views.map((view) => ({ ...view, report: next.reports.get(view.name) })),
          currentReplicas: scene.replicas,
          desiredReplicas: next.decision.replicas,
          rolloutInProgress: false,
          uncordonedAtMs,
        });
        ({ uncordonedAtMs } = plan);
        for (const pod of plan.cordon) scene.tell(pod, "Cordon");
        for (const pod of plan.uncordon) scene.tell(pod, "Uncordon");
        for (const pod of plan.markDrained) scene.setDeletionCost(pod, drainedDeletionCost);
        for (const pod of plan.unmark) scene.setDeletionCost(pod, 0);
        scene.scaleTo(plan.replicas);
        asleep = plan.replicas === 0 && next.decision.replicas === 0;
        if (asleep) restsUntilMs = nowMs + sleepingPollMs(settings.targetWaitMs) * (0.5 + scene.random() / 2);
      }

      scene.onHeartbeat((heartbeat) => inbox.push({ heartbeat, heardAtMs: scene.clock.nowMs }));
      scene.onEnqueued(() => {
        if (!asleep) return;
        asleep = false;
        const { nowMs } = scene.clock;
        restsUntilMs = nowMs + gatherMs;
        scene.clock.at(nowMs + pushMs, () => step(true, 1));
        scene.clock.at(nowMs + gatherMs, () => step(false));
      });
      const firstMs = scene.fromMs - intervalMs * scene.random();
      step(false);
      scene.clock.every(firstMs + intervalMs, intervalMs, () => {
        if (scene.clock.nowMs >= restsUntilMs) step(false);
      });
    },
  };
}
