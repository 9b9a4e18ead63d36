import type { Policy } from "./topology.ts";

/** How much a JobQueue takes in: the work queue and each lane by itself. */
export interface Limits {
  /** At most so many jobs wait. */
  readonly maxLength?: number;
  /** At most so many bytes of bodies wait. */
  readonly maxLengthBytes?: number;
  /** A job that waits for so long is dead-lettered, ms. */
  readonly messageTtlMs?: number;
}

/** Whether producers are refused when a queue is full, so that what comes back needs a queue of its own. */
export function isBounded({ maxLength, maxLengthBytes }: Limits = {}): boolean {
  return maxLength !== undefined || maxLengthBytes !== undefined;
}

/** More than a JobQueue may say: no limit to anybody. */
const noLimit = 2_000_000_000;

/**
 * The limits as a policy's definition.
 *
 * @param ending the queue was bounded until now. RabbitMQ up to 3.10 at least tells the publishers that a full queue refused
 *   of its new limit only if it has one: where it has none, they would be refused for as long as they keep their channels (tried).
 */
export function limitSettings({ limits = {} }: { readonly limits?: Limits }, ending: boolean): Policy["definition"] {
  const { maxLength, maxLengthBytes, messageTtlMs } = limits;
  const length = maxLength ?? (ending && !isBounded(limits) ? noLimit : undefined);
  return {
    ...(length === undefined ? {} : { "max-length": length }),
    ...(maxLengthBytes === undefined ? {} : { "max-length-bytes": maxLengthBytes }),
    ...(messageTtlMs === undefined ? {} : { "message-ttl": messageTtlMs }),
  };
}

/** Whether a policy's definition is that of a queue which was bounded, until what had come back to it has left. */
export function isEnding(definition: Readonly<Record<string, unknown>>): boolean {
  return definition["max-length"] === noLimit;
}

/** Whether a policy's definition bounds a queue. */
export function bounds(definition: Policy["definition"]): boolean {
  return "max-length" in definition || "max-length-bytes" in definition;
}

/** How many jobs wait in a queue at least that has refused one; undefined for one that refuses none. */
export function fewestWhenFull({ maxLength, maxLengthBytes }: Limits = {}): number | undefined {
  // One job may be as large as all that fits in.
  return maxLengthBytes === undefined ? maxLength : 1;
}
