import { parseDuration } from "@jobwright/worker-runtime/contract";
import { type Credentials, defaultOverlap } from "../api/access.ts";
import type { JobQueueSpec } from "../api/job-queue.ts";

/** On a JobQueue (for its producers) or a WorkerPool (for its workers): any new value asks for new credentials, once. */
export const rotateAnnotation = "jobwright.dev/rotate-credentials";

/** When a JobQueue's credentials are replaced, its pool's included. */
export interface RotationPolicy {
  /** How often; undefined for only on request. */
  readonly intervalMs: number | undefined;
  /** How long a producer's user before stays. */
  readonly overlapMs: number;
}

export function rotationPolicy({ access }: Pick<JobQueueSpec, "access">): RotationPolicy {
  const { interval, overlap = defaultOverlap } = access?.rotation ?? {};
  return {
    intervalMs: interval === undefined ? undefined : parseDuration(interval),
    overlapMs: parseDuration(overlap),
  };
}

/** RabbitMQ's users have one password each, so new credentials are a new user: `<first>`, `<first>_2`, `<first>_3` … */
export function userOf(first: string, generation: number): string {
  // No part of a first user's name has an underscore at its end, since all are DNS labels.
  return generation === 1 ? first : `${first}_${generation}`;
}

/** How many users the party has had, from the newest one's name. */
export function generationOf(user: string): number {
  return Number(/_([0-9]+)$/.exec(user)?.[1] ?? 1);
}

/**
 * The same party with a next user; the one that it had is retiring.
 *
 * @param first its very first user.
 */
export function rotated<T extends Credentials>(credentials: T, first: string, now: Date): T {
  const since = now.toISOString();
  const { user, retiring = [] } = credentials;
  return {
    ...credentials,
    user: userOf(first, generationOf(user) + 1),
    rotatedAt: since,
    retiring: [...retiring, { user, since }],
  };
}

/** The same party when these users of its past are gone. */
export function withoutRetired<T extends Credentials>(credentials: T, gone: readonly string[]): T {
  const { retiring = [], ...rest } = credentials;
  const left = retiring.filter(({ user }) => !gone.includes(user));
  return { ...rest, ...(left.length > 0 && { retiring: left }) } as T;
}

/** The same party, whose newest change of users is of now. */
export function overlappingSince<T extends Credentials>(credentials: T, now: Date): T {
  const retiring = credentials.retiring?.map((one, index, all) =>
    index === all.length - 1 ? { ...one, since: now.toISOString() } : one,
  );
  return { ...credentials, ...(retiring && { retiring }) };
}

/** Every user that a party has on the broker, or may have. */
export function usersOf({ user, retiring = [] }: Credentials): string[] {
  return [user, ...retiring.map((one) => one.user)];
}

/** Whether the annotation asks for what was not yet done. What was there from the beginning asks for nothing. */
export function isRequested(annotations: Readonly<Record<string, string>> | undefined, handled: string | undefined) {
  const asked = annotations?.[rotateAnnotation];
  return asked !== undefined && asked !== handled;
}

/** Whether the schedule asks for a new user. Not while an earlier one is still needed: those would become ever more. */
export function isDue(
  { rotatedAt, retiring = [] }: Credentials,
  { intervalMs }: RotationPolicy,
  nowMs: number,
): boolean {
  return intervalMs !== undefined && retiring.length === 0 && nowMs - Date.parse(rotatedAt) >= intervalMs;
}

/** Users whose overlap is over. */
export function overlapOver({ retiring = [] }: Credentials, { overlapMs }: RotationPolicy, nowMs: number): string[] {
  return retiring.filter(({ since }) => nowMs - Date.parse(since) >= overlapMs).map(({ user }) => user);
}
