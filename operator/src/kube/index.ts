/** What controllers may use of the machinery; nothing else of kube/ is imported from outside. */
export type { KubeConfig } from "@kubernetes/client-node";
export {
  type ApplyOptions,
  createKubeClient,
  type DeleteOptions,
  type JsonPatch,
  type KubeClient,
  type KubeClientOptions,
  type ListOptions,
  type PatchOptions,
} from "./client.ts";
export { type Clock, systemClock } from "./clock.ts";
export {
  type Condition,
  type NewCondition,
  type Readiness,
  readyConditions,
  removeCondition,
  setCondition,
} from "./conditions.ts";
export { loadKubeConfig } from "./config.ts";
export {
  type Controller,
  type ControllerMetrics,
  type ControllerOptions,
  createController,
  type ReconcileResult,
} from "./controller.ts";
export { ApiError, ConnectionError, isAlreadyExists, isConflict, isInvalid, isNotFound } from "./errors.ts";
export { createEventRecorder, type EventRecorder, type EventRecorderOptions, eventResource } from "./events.ts";
export { addFinalizer, removeFinalizer } from "./finalizers.ts";
export { createLeaderElection, type LeaderElection, type LeaderElectionOptions } from "./leader-election.ts";
export { type Logger, silentLogger } from "./log.ts";
export { microTime } from "./microtime.ts";
export { type KubeObject, type ObjectMeta, type OwnerReference, objectKey, splitKey } from "./object.ts";
export { ownerReference } from "./owner.ts";
export { createReflector, type Reflector, type ReflectorOptions } from "./reflector.ts";
export { apiVersionOf, type Resource } from "./resource.ts";
export { writeStatus } from "./status.ts";
export type { WatchEvent, WatchOptions } from "./watch.ts";
export { createWorkQueue, type WorkQueue, type WorkQueueOptions } from "./work-queue.ts";
