import { randomUUID } from "node:crypto";
import { durationMs } from "../configured-duration.ts";
import { parseDuration } from "../contract/index.ts";
import { DefinitionError, messageOf } from "../errors.ts";
import { shown } from "../shown.ts";
import { AlreadyRunning, LeaseLost, ResultNotStorable } from "./errors.ts";
import { keepLease } from "./lease.ts";
import { memoryStore } from "./memory-store.ts";
import type { PostgresStore } from "./postgres-store.ts";
import { readResult, writeNotStorable, writeResult } from "./result.ts";
import type { OnceStore } from "./store.ts";
import { ask, insist } from "./store-call.ts";

export interface OnceOptions<Store extends OnceStore = OnceStore> {
  /** Default: {@link memoryStore}, which protects within one process only. */
  readonly store?: Store;
  /**
   * How long a result is remembered. It must be longer than a job can come back: all its retries, the retention of dead
   * letters (336h unless the JobQueue says otherwise), and the retries after it was sent again. Default `720h`, which is
   * two rounds of the default retention and two days to spare.
   */
  readonly ttl?: string;
  /**
   * How long the work stays locked after its process died; renewed while it runs, so it need not be as long as the
   * work. Default `30s`.
   */
  readonly lease?: string;
}

/** Given to the work that `once` does. */
export interface OnceContext {
  /** Aborted with {@link LeaseLost} when somebody else may be doing the work now: leave by throwing. */
  readonly signal: AbortSignal;
}

/**
 * Does the work of `key` unless it has been done before, and returns its result, as JSON gives it back: a Date comes
 * back as a string, the first time too. Work that throws is not done: the lease is given up and the error thrown on.
 *
 * The work and its mark are two steps: when the process dies between them, or the store is away for longer than the
 * lease, the work is done again. For effects in PostgreSQL, `once.transaction` makes them one.
 *
 * @param key names the work, in at most 512 bytes, for example `charge:${order.id}`. A key that every attempt and every
 * copy of a job agree on: from its input, or `job.id`.
 * @throws AlreadyRunning, StoreUnavailable, LeaseLost, ResultNotStorable, or what the work throws.
 */
export type Once = <T>(key: string, work: (context: OnceContext) => Promise<T> | T) => Promise<T>;

/** {@link Once} over PostgreSQL. */
export interface PostgresOnce<Transaction> extends Once {
  /**
   * Does the work of `key` in a transaction that also marks it as done: what the work does through `tx` happens exactly
   * once, whatever dies. There is no lease; a lock of the transaction takes its place, and goes with its connection.
   *
   * @throws as {@link Once}, except LeaseLost. ResultNotStorable is thrown before the commit: nothing is done then.
   */
  transaction<T>(key: string, work: (tx: Transaction) => Promise<T> | T): Promise<T>;
}

const maxKeyBytes = 512;

/**
 * Creates a `once`. Jobs are delivered at least once, so a handler may be run again after a crash; `once` keeps what it
 * does from being done again.
 *
 * @example
 * const once = createOnce({ store: postgresStore(pool) });
 * const { chargeId } = await once(`charge:${orderId}`, () => payments.charge(orderId));
 * @throws DefinitionError when a duration is wrong.
 */
export function createOnce<Transaction>(
  options: OnceOptions<PostgresStore<Transaction>> & { readonly store: PostgresStore<Transaction> },
): PostgresOnce<Transaction>;
export function createOnce(options?: OnceOptions): Once;
export function createOnce(options: OnceOptions = {}): Once {
  const { store = memoryStore(), ttl = "720h", lease = "30s" } = options;
  const leaseMs = durationMs("createOnce: lease", lease);
  const ttlMs = parseTtl(ttl, leaseMs);
  if (typeof store?.acquire !== "function") {
    throw new DefinitionError(
      "createOnce: store is no store: expected memoryStore(), redisStore(client) or postgresStore(pool)",
    );
  }

  async function once<T>(key: string, work: (context: OnceContext) => Promise<T> | T): Promise<T> {
    requireKey(key);
    const token = randomUUID();
    const askedMs = performance.now();
    const acquisition = await ask(key, () => store.acquire(key, token, leaseMs), {
      // It answered too late: nobody does the work, so nobody must wait for it.
      late: (answer) => (answer.state === "Acquired" ? store.release(key, token) : undefined),
    });
    if (acquisition.state === "Held") throw new AlreadyRunning(key, acquisition.forMs);
    // The type of the first call's result; whoever changes it changes the key as well.
    if (acquisition.state === "Done") return readResult(acquisition.result) as T;

    const held = keepLease({ key, leaseMs, askedMs, renew: () => store.renew(key, token, leaseMs) });
    let value: T;
    try {
      value = await work({ signal: held.signal });
    } catch (error) {
      held.stop();
      // If the store is away, the lease ends by itself.
      await ask(key, () => store.release(key, token)).catch(() => {});
      throw error;
    }
    const result = storable(key, value);
    try {
      if (!(await mark(key, token, result))) throw new LeaseLost(key);
    } finally {
      held.stop();
    }
    return readResult(result) as T;
  }

  /** Puts the result in the lease's place. @returns false if somebody else has the key by now, or has finished otherwise. */
  async function mark(key: string, token: string, result: string): Promise<boolean> {
    let calls = 0;
    return await insist(key, leaseMs, async () => {
      calls += 1;
      if (await store.complete(key, token, result, ttlMs)) return true;
      // The call before may have come through, and only its answer not: then the mark is there.
      return calls > 1 && (await isMarked(key, token, result));
    });
  }

  async function isMarked(key: string, token: string, result: string): Promise<boolean> {
    const found = await store.acquire(key, token, leaseMs);
    if (found.state === "Acquired") await store.release(key, token);
    return found.state === "Done" && found.result === result;
  }

  if (!("transaction" in store)) return once;
  const postgres = store as PostgresStore<unknown>;
  return Object.assign(once, {
    async transaction<T>(key: string, work: (tx: unknown) => Promise<T> | T): Promise<T> {
      requireKey(key);
      const result = await postgres.transaction(key, ttlMs, async (tx) => writeResult(key, await work(tx)));
      return readResult(result) as T;
    },
  });
}

// The work is done, whatever it returned, so it is marked as done in any case.
function storable(key: string, value: unknown): string {
  try {
    return writeResult(key, value);
  } catch (error) {
    if (error instanceof ResultNotStorable) return writeNotStorable(error);
    throw error;
  }
}

function parseTtl(ttl: string, leaseMs: number): number {
  let ttlMs: number;
  try {
    ttlMs = parseDuration(ttl);
  } catch (error) {
    throw new DefinitionError(`createOnce: ttl: ${messageOf(error)}`);
  }
  if (ttlMs < leaseMs) throw new DefinitionError(`createOnce: ttl ${ttl} is shorter than the lease: expected longer`);
  return ttlMs;
}

function requireKey(key: string): void {
  if (typeof key === "string" && key !== "" && Buffer.byteLength(key) <= maxKeyBytes) return;
  throw new TypeError(`once: key ${shown(key)} is no key: expected 1 to ${maxKeyBytes} bytes`);
}
