import type { Stage } from "./stage.ts";
import type { workerTemplate } from "./worker.ts";

/** Where a subject is to scale workers. */
export interface Site {
  readonly stage: Stage;
  /** Names the run's JobQueue, and is to name the Deployment. */
  readonly run: string;
  /** The queue's name on the broker. */
  readonly queue: string;
  readonly template: ReturnType<typeof workerTemplate>;
}

/** One way to scale workers. */
export interface Subject {
  readonly subject: string;
  /** How it is set up, for whoever reads the table. */
  readonly config: string;
  /** Jobs begin to come at a moment of chance within so long: polls must not be met or missed by the bench's own rhythm. */
  readonly pollingMs: number;
  /** The traces that make sense for it. Default: all. */
  readonly only?: readonly string[];
  /** Makes the workers, none of which runs yet, and resolves when the subject watches the queue. */
  deploy(site: Site): Promise<Deployed>;
}

/** Disposing of it removes the workers. */
export interface Deployed extends AsyncDisposable {
  /** Where a command scales: it is run when the jobs are there, and times count from its start. */
  readonly scale?: () => Promise<void>;
}
