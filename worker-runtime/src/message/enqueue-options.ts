import { isLaneName, maxDelaySeconds, parseDuration, reservedLanes } from "../contract/index.ts";
import { InvalidOptions, messageOf } from "../errors.ts";
import { shown } from "../shown.ts";
import { uuidv7 } from "./uuid.ts";

/** How one job is enqueued. */
export interface PlacementOptions {
  /** Not before this long from now: `30s`, `5m`, `72h`. Whole seconds, rounded up; at most 8.5 years. */
  readonly delay?: string;
  /** Not before this moment; one that is past means now. Not together with `delay`. */
  readonly at?: Date;
  /** Lane of the queue, by name. Default: the work queue itself. */
  readonly lane?: string;
  /** Your own name for the work, such as an order's number: `job.key` in the handler, and in outcome events. */
  readonly key?: string;
  /** No longer worth starting after this long from now (`1h`), or after this moment: it is dead-lettered then. */
  readonly expires?: string | Date;
  /** Routing key on the exchange `jobwright.replies` for events of what becomes of the job. */
  readonly replyTo?: string;
  /**
   * The job's id. Default: a new UUID. Give your own where the caller itself may repeat the call: `once` and whoever
   * reads outcomes then know the two for one job. The broker does not, so it may still run twice.
   */
  readonly id?: string;
}

/** Where and when a job is to run: options that were checked. */
export interface Placement {
  readonly id: string;
  readonly enqueuedAtMs: number;
  /** Undefined: now. */
  readonly dueAtMs: number | undefined;
  readonly lane: string | undefined;
  readonly key: string | undefined;
  readonly expiresAtMs: number | undefined;
  readonly replyTo: string | undefined;
}

// Short strings of AMQP have one byte for their length.
const maxShortBytes = 255;

/**
 * Checks the options of one job.
 *
 * @param where what errors begin with, for example `enqueue "resize"`.
 * @throws InvalidOptions naming the option, what was found and what was expected.
 */
export function placeJob(where: string, options: PlacementOptions, nowMs: number): Placement {
  const { lane, key, replyTo, id } = options;
  if (lane !== undefined && !isLaneName(lane)) {
    throw wrong(
      where,
      "lane",
      lane,
      `the name of one of the queue's lanes: lower-case letters, digits and -, and none of ${reservedLanes.join(", ")}`,
    );
  }
  checkText(where, "key", key);
  checkText(where, "replyTo", replyTo);
  checkText(where, "id", id);
  const dueAtMs = dueAt(where, options, nowMs);
  const expiresAtMs = expiresAt(where, options.expires, nowMs);
  if (expiresAtMs !== undefined && expiresAtMs <= (dueAtMs ?? nowMs)) {
    throw new InvalidOptions(
      `${where}: expires (${new Date(expiresAtMs).toISOString()}) is not after ${dueAtMs === undefined ? "now" : `the job is due (${new Date(dueAtMs).toISOString()})`}: it would never run`,
    );
  }
  return { id: id ?? uuidv7(nowMs), enqueuedAtMs: nowMs, dueAtMs, lane, key, expiresAtMs, replyTo };
}

function dueAt(where: string, { delay, at }: PlacementOptions, nowMs: number): number | undefined {
  if (delay !== undefined && at !== undefined) {
    throw new InvalidOptions(`${where}: delay and at are both given: expected one of them`);
  }
  const dueAtMs = delay === undefined ? at && moment(where, "at", at) : nowMs + duration(where, "delay", delay);
  if (dueAtMs === undefined || dueAtMs <= nowMs) return undefined;
  if (dueAtMs - nowMs > maxDelaySeconds * 1000) {
    throw wrong(where, delay === undefined ? "at" : "delay", delay ?? at, "at most 8.5 years from now");
  }
  return dueAtMs;
}

function expiresAt(where: string, expires: string | Date | undefined, nowMs: number): number | undefined {
  if (expires === undefined) return undefined;
  return typeof expires === "string" ? nowMs + duration(where, "expires", expires) : moment(where, "expires", expires);
}

function duration(where: string, option: string, text: string): number {
  if (typeof text !== "string") throw wrong(where, option, text, "a duration such as 30s or 1h30m");
  try {
    return parseDuration(text);
  } catch (error) {
    throw new InvalidOptions(`${where}: ${option} ${messageOf(error)}`);
  }
}

function moment(where: string, option: string, date: Date): number {
  const ms = date instanceof Date ? date.getTime() : Number.NaN;
  if (Number.isNaN(ms)) throw wrong(where, option, date, "a valid Date");
  return ms;
}

function checkText(where: string, option: string, text: string | undefined): void {
  if (text === undefined) return;
  if (typeof text === "string" && text !== "" && Buffer.byteLength(text) <= maxShortBytes) return;
  throw wrong(where, option, text, `a string of 1 to ${maxShortBytes} bytes`);
}

function wrong(where: string, option: string, found: unknown, expected: string): InvalidOptions {
  return new InvalidOptions(`${where}: ${option} is ${shown(found)}: expected ${expected}`);
}
