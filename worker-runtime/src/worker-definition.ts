import { DefinitionError } from "./errors.ts";
import type { Job } from "./job.ts";

// A symbol of the global registry: the command and the user's module may load two copies of this package.
const brand = Symbol.for("jobwright.worker-definition");

/** The jobs that one worker can do. Made by {@link defineWorker}; the module given to `jobwright-worker` exports it as default. */
export interface WorkerDefinition {
  readonly jobs: readonly Job[];
}

/**
 * Defines a worker.
 *
 * @example export default defineWorker({ jobs: [resize, watermark] });
 * @throws DefinitionError when there is no job, or two have one name.
 */
export function defineWorker({ jobs }: { jobs: readonly Job[] }): WorkerDefinition {
  if (!Array.isArray(jobs) || jobs.length === 0) {
    throw new DefinitionError("defineWorker: jobs is empty: expected at least one job made by defineJob");
  }
  const seen = new Set<string>();
  for (const [index, job] of jobs.entries()) {
    if (typeof job?.name !== "string" || typeof job.run !== "function") {
      throw new DefinitionError(`defineWorker: jobs[${index}] is not a job: expected the result of defineJob`);
    }
    if (seen.has(job.name)) {
      throw new DefinitionError(`defineWorker: two jobs are named "${job.name}": give each job its own name`);
    }
    seen.add(job.name);
  }
  const definition: WorkerDefinition = { jobs: [...jobs] };
  return Object.assign(definition, { [brand]: true });
}

/** Whether `value` came from {@link defineWorker}, of this copy of the package or another. */
export function isWorkerDefinition(value: unknown): value is WorkerDefinition {
  return typeof value === "object" && value !== null && brand in value;
}
