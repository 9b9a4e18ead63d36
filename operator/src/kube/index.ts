/** What controllers may use of the machinery; nothing else of kube/ is imported from outside. */
export type { KubeConfig } from "@kubernetes/client-node";
export { type CachedReads, createCachedReads } from "./cached-reads.ts";
export { createKubeClient, type KubeClient } from "./client.ts";
export {
  type Condition,
  type NewCondition,
  type Readiness,
  readyConditions,
  removeCondition,
  setCondition,
} from "./conditions.ts";
export { loadKubeConfig } from "./config.ts";
export { type ControllerMetrics, createController } from "./controller.ts";
export { ApiError, ConnectionError, isAlreadyExists, isConflict, isInvalid, isNotFound } from "./errors.ts";
export { createEventRecorder, type EventRecorder, eventResource } from "./events.ts";
export { addFinalizer, removeFinalizer } from "./finalizers.ts";
export { createLeaderElection, type LeaderElectionOptions } from "./leader-election.ts";
export { keeperOf } from "./lease-keeper.ts";
export { type Logger, silentLogger } from "./log.ts";
export { reflectNamespaces } from "./namespaces.ts";
export { type KubeObject, objectKey } from "./object.ts";
export { ownerReference } from "./owner.ts";
export { createReflector, type Reflector, type ReflectorOptions } from "./reflector.ts";
export type { Resource } from "./resource.ts";
export { writeStatus } from "./status.ts";
export type { Answered } from "./transport.ts";
