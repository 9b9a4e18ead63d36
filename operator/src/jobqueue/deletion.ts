import type { JobQueue } from "../api/objects.ts";
import {
  type Broker,
  type BrokerAddress,
  BrokerError,
  BrokerSecretInvalid,
  closeIntake,
  deleteTopology,
  deleteUser,
  emptyLane,
  isProvenEmpty,
  lanesOnBroker,
  observeQuiet,
  VhostMissing,
} from "../broker/index.ts";
import { Problem } from "../problem.ts";
import { whereabouts } from "./broker-place.ts";
import { pausedClause } from "./paused.ts";
import { knownUsers } from "./producers.ts";

/** Counts of jobs lag by up to 5 s on the broker, and a job can escape one look as it moves. */
const quietForMs = 6_000;

/** When each JobQueue that is being deleted, by uid, was first seen without a job, and in every look since. */
export type QuietSince = Map<string, number>;

/**
 * Does on the broker what a deleted JobQueue's policy asks for. May be repeated.
 *
 * @throws Problem `WaitingForJobs` while DeleteWhenEmpty waits.
 */
export async function cleanUp(
  broker: Broker,
  jobQueue: JobQueue,
  name: string,
  quietSince: QuietSince,
  now: number,
): Promise<void> {
  const { deletionPolicy } = jobQueue.spec;
  try {
    if (deletionPolicy === "DeleteWhenEmpty") await waitUntilEmpty(broker, jobQueue, name, quietSince, now);
    if (deletionPolicy !== "Retain") await deleteTopology(broker, name);
  } catch (error) {
    // All that was in it went with the vhost. Users are in none.
    if (!(error instanceof VhostMissing)) throw error;
  }
  for (const user of knownUsers(jobQueue)) await deleteUser(broker, user);
}

async function waitUntilEmpty(
  broker: Broker,
  jobQueue: JobQueue,
  name: string,
  quietSince: QuietSince,
  now: number,
): Promise<void> {
  const { metadata, spec } = jobQueue;
  await closeIntake(broker, name);
  // Nobody serves a lane that the spec has no more.
  const served = spec.lanes?.map((lane) => lane.name) ?? [];
  for (const lane of lanesOnBroker(await broker.observe(), name)) {
    if (!served.includes(lane)) await emptyLane(broker, name, lane);
  }
  const { ready, unacked, delayed } = await observeQuiet(broker, name);
  if (ready + unacked + delayed > 0) {
    quietSince.delete(metadata.uid);
    throw new Problem(
      "Reconciling",
      "WaitingForJobs",
      `deletionPolicy is DeleteWhenEmpty: ${ready} jobs wait, ${unacked} run and ${delayed} are delayed; new ones are refused.${pausedClause(jobQueue)} Set deletionPolicy to Delete to drop them, or to Retain to keep the queue on the broker.`,
    );
  }
  const since = quietSince.get(metadata.uid) ?? now;
  quietSince.set(metadata.uid, since);
  if (now - since < quietForMs) {
    throw new Problem(
      "Reconciling",
      "WaitingForJobs",
      "deletionPolicy is DeleteWhenEmpty: no job is left; making sure for a few seconds that none comes back.",
    );
  }
  if (!(await isProvenEmpty(broker, name))) {
    quietSince.delete(metadata.uid);
    throw new Problem("Reconciling", "WaitingForJobs", "deletionPolicy is DeleteWhenEmpty: a job is left.");
  }
}

/**
 * Whether a deleted JobQueue is let go although its broker could not be cleaned: the way to its broker is gone; what has
 * its name there is another's; or nothing but users were to be deleted, and the broker does not answer or refuses.
 */
export function isBeyondCleaning(error: unknown, jobQueue: JobQueue): boolean {
  if (error instanceof BrokerSecretInvalid) return true;
  if (error instanceof Problem) {
    return [
      "BrokerSecretMissing",
      "BrokerNotConfigured",
      "VhostNotAllowed",
      "NameNotAllowed",
      "NameTaken",
      "BrokerChanged",
    ].includes(error.reason);
  }
  return error instanceof BrokerError && jobQueue.spec.deletionPolicy === "Retain";
}

/**
 * The broker of a deleted JobQueue whose Secret is gone, as in a namespace that is deleted whole: what the Secret said before
 * is still good for one try. Not for DeleteWhenEmpty: a namespace that goes would wait for jobs that nobody does any more.
 *
 * @param before what the Secret said when it was last read.
 */
export function addressBefore(
  error: unknown,
  jobQueue: JobQueue,
  before: BrokerAddress | undefined,
): BrokerAddress | undefined {
  const isSecretGone = error instanceof Problem && error.reason === "BrokerSecretMissing";
  if (!isSecretGone || jobQueue.spec.deletionPolicy === "DeleteWhenEmpty" || before === undefined) return undefined;
  return whereabouts(jobQueue, before) === "Same" ? before : undefined;
}
