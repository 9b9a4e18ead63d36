import { isDeepStrictEqual } from "node:util";
import { defaultProducer } from "../api/access.ts";
import type { JobQueueStatus } from "../api/job-queue.ts";
import type { JobQueue } from "../api/objects.ts";
import {
  isDue,
  isRequested,
  overlapOver,
  rotateAnnotation,
  rotated,
  rotationPolicy,
  userOf,
  usersOf,
} from "../credentials/rotation.ts";
import { producerSecret, producerUser } from "./names.ts";

/** What status records of a producer. */
export type Producer = NonNullable<JobQueueStatus["producers"]>[number];

/** What is to be done about a JobQueue's producers. */
export interface ProducersPlan {
  /** Those that the spec names and the default one, with the users they shall have. */
  readonly producers: readonly Producer[];
  /** Those that have credentials and that the spec names no more. */
  readonly leaving: readonly Producer[];
  /** Names of those that get a new user in this pass. */
  readonly rotated: readonly string[];
  /** Users of the past whose overlap is over. */
  readonly expired: readonly string[];
  /** The request that is carried out then, or was. */
  readonly request: string | undefined;
}

/**
 * Decides from what status records, the spec and the time. What it plans is to be recorded before it is done: what
 * a crash leaves on the broker is found again by its record only.
 */
export function planProducers({ metadata, spec, status }: JobQueue, now: Date): ProducersPlan {
  const policy = rotationPolicy(spec);
  const known = status?.producers ?? [];
  const requested = known.length > 0 && isRequested(metadata.annotations, status?.rotationRequest);
  const named = (spec.access?.producers ?? []).map(({ name, secretName }) => ({ name, secretName }));
  const wanted = [{ name: defaultProducer, secretName: undefined }, ...named];
  const rotatedNames: string[] = [];
  const producers = wanted.map(({ name, secretName = producerSecret(metadata, name) }): Producer => {
    const before = known.find((one) => one.name === name);
    const first = producerUser(metadata, name);
    if (before === undefined) return { name, secretName, user: userOf(first, 1), rotatedAt: now.toISOString() };
    if (!requested && !isDue(before, policy, now.getTime())) return before;
    rotatedNames.push(name);
    return rotated(before, first, now);
  });
  return {
    producers,
    leaving: known.filter(({ name }) => !wanted.some((one) => one.name === name)),
    rotated: rotatedNames,
    expired: producers.flatMap((one) => overlapOver(one, policy, now.getTime())),
    request: metadata.annotations?.[rotateAnnotation] ?? status?.rotationRequest,
  };
}

/** Whether everything that the plan asks for is done already, as far as status tells. */
export function isDone({ producers, leaving, expired }: ProducersPlan, { status }: JobQueue): boolean {
  return leaving.length === 0 && expired.length === 0 && isDeepStrictEqual(producers, status?.producers);
}

/** Whether the plan makes users that a deletion would not find without a record: all but the very first. */
export function needsRecord({ producers }: ProducersPlan, jobQueue: JobQueue): boolean {
  const known = knownUsers(jobQueue);
  return producers.some((one) => !known.includes(one.user));
}

/** Every user that the JobQueue has on the broker, or may have. */
export function knownUsers({ metadata, status }: Pick<JobQueue, "metadata" | "status">): string[] {
  const recorded = (status?.producers ?? []).flatMap(usersOf);
  return [...new Set([producerUser(metadata, defaultProducer), ...recorded])];
}
