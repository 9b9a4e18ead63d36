import type { Scene, Subject } from "../subject.ts";

/** A ScaledObject with the rabbitmq trigger (mode QueueLength over AMQP: ready jobs), and what its HPA was told. */
export interface KedaConfig {
  readonly queueLength: number;
  readonly pollingMs: number;
  /** `cooldownPeriod`: how long nothing may wait until the last worker goes. */
  readonly cooldownMs: number;
  /** `behavior.scaleDown.stabilizationWindowSeconds`. */
  readonly scaleDownWindowMs: number;
  /** `behavior.scaleUp.policies`, each per 15 s; the greatest holds. */
  readonly scaleUp: { readonly pods: number; readonly percent: number };
}

/** Their defaults (keda.sh/docs/2.21/reference/scaledobject-spec; `GenerateHPAScaleUpRules` in Kubernetes 1.34). */
export const kedaDefaults: KedaConfig = {
  queueLength: 20,
  pollingMs: 30_000,
  cooldownMs: 300_000,
  scaleDownWindowMs: 300_000,
  scaleUp: { pods: 4, percent: 100 },
};

/** As quick as the ScaledObject lets them be. */
export const kedaTuned: KedaConfig = {
  ...kedaDefaults,
  pollingMs: 1_000,
  cooldownMs: 15_000,
  scaleDownWindowMs: 15_000,
  scaleUp: { pods: 20, percent: 100 },
};

/** `--horizontal-pod-autoscaler-sync-period`, `-tolerance`: settings of the cluster, not of a user. */
const syncMs = 15_000;
const tolerance = 0.1;
const policyPeriodMs = 15_000;

/**
 * A model of KEDA and the HPA that it makes. KEDA polls, wakes the target from 0 to 1 and puts it to sleep after the
 * cooldown (`pkg/scaling/executor/scale_scaledobjects.go`); in between the HPA asks KEDA each 15 s for the queue's length and
 * wants ⌈length ÷ queueLength⌉ workers (`GetExternalPerPodMetricReplicas`), within its policies and its window.
 *
 * @param phase where in their intervals the first poll and the first sync fall, 0 to 1; at random if left out.
 * @param graceMs how long a worker may finish when its pod is deleted: 30 s is Kubernetes' default.
 */
export function keda(
  name: string,
  config: KedaConfig,
  { graceMs = 30_000, phase }: { readonly graceMs?: number; readonly phase?: { poll: number; sync: number } } = {},
): Subject {
  const told = [
    `queueLength ${config.queueLength}`,
    `polling ${config.pollingMs / 1000} s`,
    `window ${config.scaleDownWindowMs / 1000} s`,
    `+${config.scaleUp.pods} pods/15 s`,
  ];
  return {
    name,
    config: told.join(", "),
    graceMs,
    begin(scene) {
      const { clock, fromMs } = scene;
      const pollPhase = phase?.poll ?? scene.random();
      const syncPhase = phase?.sync ?? scene.random();
      clock.every(fromMs + pollPhase * config.pollingMs, config.pollingMs, kedaPoll(scene, config));
      clock.every(fromMs + syncPhase * syncMs, syncMs, hpaSync(scene, config));
    },
  };
}

function kedaPoll(scene: Scene, { cooldownMs }: KedaConfig): () => void {
  let activeAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    const ready = scene.ready();
    // A trigger that fails changes nothing.
    if (ready === undefined) return;
    if (ready > 0) {
      activeAtMs = scene.clock.nowMs;
      if (scene.replicas === 0) scene.scaleTo(Math.max(1, scene.trace.settings.minReplicas));
      return;
    }
    const idle = scene.clock.nowMs - activeAtMs > cooldownMs;
    if (scene.replicas > 0 && scene.trace.settings.minReplicas === 0 && idle) scene.scaleTo(0);
  };
}

interface Dated {
  readonly atMs: number;
  readonly count: number;
}

function hpaSync(scene: Scene, config: KedaConfig): () => void {
  const { minReplicas, maxReplicas } = scene.trace.settings;
  let recommendations: Dated[] = [];
  let changes: Dated[] = [];
  return () => {
    const { nowMs } = scene.clock;
    const current = scene.replicas;
    const length = scene.ready();
    // At zero an HPA rests, and without its metric it does nothing.
    if (current === 0 || length === undefined) return;
    const ratio = length / (config.queueLength * current);
    const asked = Math.abs(ratio - 1) <= tolerance ? current : Math.ceil(length / config.queueLength);
    const recent = recommendations.filter(({ atMs }) => nowMs - atMs < config.scaleDownWindowMs);
    recommendations = [...recent, { atMs: nowMs, count: asked }];
    const stabilised =
      asked >= current ? asked : Math.min(current, Math.max(...recommendations.map(({ count }) => count)));
    changes = changes.filter(({ atMs }) => nowMs - atMs < policyPeriodMs);
    const periodStart = current - changes.reduce((sum, { count }) => sum + count, 0);
    const ceiling = Math.max(
      periodStart + config.scaleUp.pods,
      Math.ceil(periodStart * (1 + config.scaleUp.percent / 100)),
    );
    const wanted = Math.min(Math.max(stabilised, minReplicas, 1), maxReplicas, Math.max(current, ceiling));
    if (wanted === current) return;
    changes.push({ atMs: nowMs, count: wanted - current });
    scene.scaleTo(wanted);
  };
}
