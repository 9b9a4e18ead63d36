import { isActive, type PodPhase, type PodView, type WorkerReport } from "../autoscaling/signals.ts";
import type { KubeObject } from "../kube/index.ts";
import { type ContainerStatus, crashLoop } from "./crash-loop.ts";
import type { Worker } from "./drain.ts";
import { deletionCostAnnotation, poolLabel, workerContainerAnnotation } from "./names.ts";

/** A Pod, as far as the operator reads one. */
export interface Pod extends KubeObject {
  spec?: { nodeName?: string };
  status?: {
    phase?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
}

/**
 * The key of the pool that a pod is of, as its label says; none where it says nothing, or the pod is no ReplicaSet's: somebody made
 * it, or took it out of the pool by its labels, to look into it.
 */
export function poolsOf({ metadata: { namespace, labels, ownerReferences = [] } }: Pod): string[] {
  const pool = labels?.[poolLabel];
  const isReplica = ownerReferences.some(({ controller, kind }) => controller && kind === "ReplicaSet");
  return pool === undefined || !isReplica ? [] : [`${namespace}/${pool}`];
}

const phases: readonly string[] = ["Pending", "Running", "Succeeded", "Failed"] satisfies PodPhase[];

/** The container that runs the handlers: the template says which, and others may have been injected since. */
function workerStatus({ metadata, status }: Pod): ContainerStatus | undefined {
  const worker = metadata.annotations?.[workerContainerAnnotation];
  return status?.containerStatuses?.find(({ name }) => name === worker);
}

/** What scaling looks at in a pod. */
export function podView(pod: Pod): PodView {
  const phase = pod.status?.phase ?? "";
  const { deletionTimestamp } = pod.metadata;
  return {
    name: pod.metadata.name,
    phase: phases.includes(phase) ? (phase as PodPhase) : "Unknown",
    ready: pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false,
    deleting: deletionTimestamp !== undefined,
    // The API server has added the grace period.
    ...(deletionTimestamp !== undefined && { killedAtMs: Date.parse(deletionTimestamp) }),
    createdAtMs: Date.parse(pod.metadata.creationTimestamp ?? "") || 0,
    processRunning: workerStatus(pod)?.state?.running !== undefined,
  };
}

/** What scaling and removing look at in a pod and its worker. */
export function workerOf(pod: Pod, report: WorkerReport | undefined): Worker {
  const cost = Number(pod.metadata.annotations?.[deletionCostAnnotation] ?? 0);
  return {
    ...podView(pod),
    scheduled: pod.spec?.nodeName !== undefined,
    // What is no number counts as no cost, as it does for a ReplicaSet.
    deletionCost: Number.isFinite(cost) ? cost : 0,
    report,
  };
}

/** Whether the pod counts as one of the pool's: neither being deleted nor ended. */
export function isThere(pod: Pod): boolean {
  return isActive(podView(pod));
}

/** Whether pods of more than one ReplicaSet are there: removal ranks pods within one only. */
export function isOfSeveralTemplates(pods: readonly Pod[]): boolean {
  const there = pods.filter(isThere);
  return new Set(there.map(({ metadata }) => metadata.labels?.["pod-template-hash"])).size > 1;
}

/** Waiting reasons that pass by themselves in a healthy start. */
const starting = new Set(["ContainerCreating", "PodInitializing"]);

export interface PodTrouble {
  readonly reason: string;
  readonly message: string;
}

/** What keeps a pod from working, in the words of the kubelet or the scheduler, or how it crashes; undefined if nothing does. */
export function podTrouble({ metadata, status }: Pod, nowMs: number): PodTrouble | undefined {
  const unscheduled = status?.conditions?.find(({ type, status: is }) => type === "PodScheduled" && is === "False");
  if (unscheduled?.reason === "Unschedulable") {
    return { reason: "Unschedulable", message: `pod ${metadata.name}: ${unscheduled.message ?? "no node takes it"}` };
  }
  for (const container of containersOf(status)) {
    const { reason, message } = containerTrouble(container, nowMs) ?? {};
    if (reason === undefined) continue;
    return { reason, message: `pod ${metadata.name}, container ${container.name}: ${message}` };
  }
  return undefined;
}

/** When the first of the pods that run again after crashes will be in trouble no more, unless they crash; ms. */
export function crashLoopsEndMs(pods: readonly Pod[], nowMs: number): number {
  const ends = pods.flatMap(({ status }) => containersOf(status).flatMap((one) => crashLoop(one)?.endsAtMs ?? []));
  return Math.min(...ends.filter((endsAtMs) => endsAtMs > nowMs));
}

function containerTrouble(container: ContainerStatus, nowMs: number): PodTrouble | undefined {
  const loop = crashLoop(container);
  if (loop !== undefined && nowMs < loop.endsAtMs) return { reason: "CrashLoopBackOff", message: loop.message };
  const { reason, message } = container.state?.waiting ?? {};
  return reason === undefined || starting.has(reason) ? undefined : { reason, message: message ?? reason };
}

/** Those that have yet to run, or are to run for as long as the pod does. */
function containersOf(status: Pod["status"]): ContainerStatus[] {
  const { initContainerStatuses = [], containerStatuses = [] } = status ?? {};
  return [...initContainerStatuses.filter(({ state }) => state?.terminated?.exitCode !== 0), ...containerStatuses];
}
