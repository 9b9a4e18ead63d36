import { type JobQueueSpec, type JobQueueStatus, jobQueue } from "./job-queue.ts";
import { group, type Kind, version } from "./kind.ts";
import { type WorkerPoolSpec, type WorkerPoolStatus, workerPool } from "./worker-pool.ts";

/** The metadata every object from the API server has, as far as the operator reads it. */
interface StoredMetadata {
  name: string;
  namespace: string;
  uid: string;
  generation: number;
  creationTimestamp: string;
  resourceVersion?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  deletionTimestamp?: string;
}

interface Stored<Spec, Status> {
  apiVersion: string;
  kind: string;
  metadata: StoredMetadata;
  /** With the CRD's defaults filled in by the API server. */
  spec: Spec;
  status?: Status;
}

export type JobQueue = Stored<JobQueueSpec, JobQueueStatus>;
export type WorkerPool = Stored<WorkerPoolSpec, WorkerPoolStatus>;

function resource({ kind, plural }: Kind) {
  return { group, version, plural, kind, namespaced: true };
}

/** Where the API server keeps each kind. */
export const jobQueues = resource(jobQueue);
export const workerPools = resource(workerPool);
