import { defaultOverlap } from "../api/access.ts";
import type { JobQueueStatus } from "../api/job-queue.ts";
import type { JobQueue } from "../api/objects.ts";
import type { Broker } from "../broker/index.ts";
import { usersOf } from "../credentials/rotation.ts";
import { recordDrift } from "../drift/report.ts";
import type { EventRecorder, KubeClient } from "../kube/index.ts";
import { isDone, needsRecord, type ProducersPlan, planProducers } from "./producers.ts";
import { type ProducersRecord, provisionProducers, recordBefore, withProducers } from "./provision-producers.ts";
import { type Place, placedStatus } from "./status.ts";

/** Keeps the users and Secrets of JobQueues' producers as they should be. */
export interface ProducersKeeper {
  /**
   * Looks at the producers of a JobQueue that is at `place`, and does what is due: not more often than every `resyncMs`, unless the
   * plan or what it is made from has changed, or `recheck` was called.
   *
   * @throws what provisionProducers throws.
   */
  keep(jobQueue: JobQueue, broker: Broker, place: Place): Promise<void>;
  /** The status with what is known of the producers. */
  record(jobQueue: JobQueue, found: JobQueueStatus): JobQueueStatus;
  /** Looks again in the next pass, since something was seen to change. */
  recheck(uid: string): void;
  forget(uid: string): void;
}

export function createProducersKeeper(options: {
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly resyncMs: number;
  /** The time of day, ms, by which credentials are rotated. */
  now(): number;
  writeStatus(jobQueue: JobQueue, found: JobQueueStatus): Promise<void>;
}): ProducersKeeper {
  const { client, events, resyncMs, writeStatus } = options;
  /** By uid: what is known of the producers, where a pass of this process has seen to them. */
  const records = new Map<string, ProducersRecord>();
  /** By uid: when the users and Secrets were last compared, and what they were made from. */
  const checked = new Map<string, { readonly at: number; readonly from: string }>();

  /** Says in status which users there will be, before they are made. */
  async function recordPlan(jobQueue: JobQueue, place: Place, plan: ProducersPlan): Promise<void> {
    records.set(jobQueue.metadata.uid, recordBefore(plan));
    await writeStatus(jobQueue, placedStatus(jobQueue, place));
    if (plan.rotated.length === 0) return;
    const overlap = jobQueue.spec.access?.rotation?.overlap ?? defaultOverlap;
    const message = `producers get new users and passwords in their Secrets: ${plan.rotated.join(", ")}; those before stay good for ${overlap}`;
    events.record(jobQueue, "Normal", "CredentialsRotated", message);
  }

  return {
    async keep(jobQueue, broker, place) {
      const { uid, generation } = jobQueue.metadata;
      const now = new Date(options.now());
      const lanes = place.lanes.map(({ lane }) => lane);
      const plan = planProducers(jobQueue, now);
      if (needsRecord(plan, jobQueue)) await recordPlan(jobQueue, place, plan);
      const before = checked.get(uid);
      const from = JSON.stringify([generation, lanes, { ...broker.address, username: undefined, password: undefined }]);
      const isFresh = before?.from === from && Date.now() - before.at < resyncMs;
      if (isFresh && isDone(plan, jobQueue)) return;
      // Noted before: what is seen to change during this asks for another look, and must not be forgotten for it.
      checked.set(uid, { at: Date.now(), from });
      try {
        const record = await provisionProducers(client, broker, jobQueue, place.name, lanes, plan, now);
        records.set(uid, record);
        recordDrift(events, jobQueue, broker.userDrift.take(record.producers.flatMap(usersOf)));
      } catch (error) {
        checked.delete(uid);
        throw error;
      }
    },
    record: (jobQueue, found) => withProducers(jobQueue, found, records.get(jobQueue.metadata.uid)),
    recheck(uid) {
      checked.delete(uid);
    },
    forget(uid) {
      records.delete(uid);
      checked.delete(uid);
    },
  };
}
