import { DefinitionError } from "../errors.ts";
import { shown } from "../shown.ts";
import { AlreadyRunning } from "./errors.ts";
import { onceStatements } from "./postgres-statements.ts";
import type { Acquisition, OnceStore } from "./store.ts";
import { ask } from "./store-call.ts";

interface QueryResult {
  readonly rows: readonly Record<string, unknown>[];
}

/** Whatever runs a statement: a pool or a connection of `pg`, or something like them. */
export interface PostgresQueries {
  query(text: string, values?: unknown[]): Promise<QueryResult>;
}

/** A connection of a pool, for as long as it is not released. */
export interface PostgresConnection extends PostgresQueries {
  /** @param error the connection is not to be used again. */
  release(error?: Error | boolean): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
}

/** The part of a `pg` pool that the store uses. */
export interface PostgresPool<Connection extends PostgresConnection = PostgresConnection> extends PostgresQueries {
  connect(): Promise<Connection>;
  // As in `pg`: from a like list of overloads, TypeScript infers what a connection is.
  connect(callback: never): void;
}

/** An {@link OnceStore} that can also do the work and its mark in one transaction. */
export interface PostgresStore<Transaction = unknown> extends OnceStore {
  /**
   * Runs `work` in a transaction that marks `key` as done with the text it returns, unless that was done before.
   *
   * @returns the result's text, of now or of before.
   */
  transaction(key: string, ttlMs: number, work: (tx: Transaction) => Promise<string>): Promise<string>;
}

/** How soon a job comes back that found another at the same work in a transaction: how long that takes, nobody knows. */
const transactionRetryMs = 2_000;

const cleanEveryMs = 60_000;

/**
 * Remembers in PostgreSQL 11 or newer, a row a key. The table is created when it is missing, and cleaned of what is over
 * once a minute while the store is in use.
 *
 * @param pool the application's own, of `pg`; it stays the caller's to end, and to listen to: `pool.on("error", …)`, as
 * with every pool, or a lost connection ends the process.
 * @param options.table its name, with its schema if need be. Default `jobwright_once`.
 * @throws DefinitionError when there is no pool.
 */
export function postgresStore<Connection extends PostgresConnection>(
  pool: PostgresPool<Connection>,
  { table = "jobwright_once" }: { table?: string } = {},
): PostgresStore<Connection> {
  if (typeof pool?.query !== "function" || typeof pool.connect !== "function") {
    throw new DefinitionError(
      `postgresStore: pool is ${shown(pool)}: expected a pool of pg, such as new pg.Pool({ connectionString })`,
    );
  }
  const sql = onceStatements(table);
  let ready: Promise<void> | undefined;
  let nextCleanMs = performance.now() + cleanEveryMs;

  // Asked first: whoever may not create tables may still have been given this one.
  async function ensureTable(): Promise<void> {
    const { rows } = await pool.query(sql.tableExists);
    if (rows[0]?.found !== true) await pool.query(sql.createTable);
  }

  function prepared(): Promise<void> {
    ready ??= ensureTable().catch((error: unknown) => {
      ready = undefined;
      throw error;
    });
    cleanNowAndThen();
    return ready;
  }

  function cleanNowAndThen(): void {
    if (performance.now() < nextCleanMs) return;
    nextCleanMs = performance.now() + cleanEveryMs;
    // What stays now goes the next time.
    pool.query(sql.clean).catch(() => {});
  }

  const hits = async (text: string, values: unknown[]) => (await pool.query(text, values)).rows.length > 0;

  return {
    async acquire(key, token, leaseMs) {
      await prepared();
      for (;;) {
        if (await hits(sql.acquire, [key, token, leaseMs])) return { state: "Acquired" };
        const found = obstacle(await pool.query(sql.look, [key]));
        if (found !== undefined) return found;
        // It ended between the two statements.
      }
    },
    renew: (key, token, leaseMs) => hits(sql.renew, [key, token, leaseMs]),
    complete: (key, token, result, ttlMs) => hits(sql.complete, [key, token, result, ttlMs]),
    async release(key, token) {
      await pool.query(sql.release, [key, token]);
    },

    async transaction(key, ttlMs, work) {
      await ask(key, prepared);
      const connection = await ask(key, () => pool.connect(), { late: (late) => late.release() });
      const tell = (text: string, values?: unknown[]) => ask(key, () => connection.query(text, values));
      // What a connection emits when it is lost; nobody else listens while it is out of its pool.
      let broken: Error | undefined;
      const onError = (error: Error) => {
        broken = error;
      };
      connection.on("error", onError);
      try {
        await tell("begin");
        const result = await doAndMark(key, ttlMs, tell, () => work(connection));
        await tell("commit");
        return result;
      } catch (error) {
        // A connection that cannot even roll back is of no more use; the server rolls back when it is closed.
        await tell("rollback").catch((failure: Error) => onError(failure));
        throw error;
      } finally {
        connection.removeListener("error", onError);
        connection.release(broken);
      }
    },
  };

  async function doAndMark(key: string, ttlMs: number, tell: Tell, work: () => Promise<string>): Promise<string> {
    const { rows } = await tell(sql.lock, [key]);
    if (rows[0]?.locked !== true) throw new AlreadyRunning(key, transactionRetryMs);
    const found = obstacle(await tell(sql.look, [key]));
    if (found?.state === "Done") return found.result;
    if (found !== undefined) throw new AlreadyRunning(key, found.forMs);
    const result = await work();
    // No token: a lease that was taken meanwhile, by a plain `once`, is not overwritten.
    const marked = await tell(sql.complete, [key, null, result, ttlMs]);
    if (marked.rows.length === 0) throw new AlreadyRunning(key, transactionRetryMs);
    return result;
  }
}

type Tell = (text: string, values?: unknown[]) => Promise<QueryResult>;

/** Reads what {@link onceStatements}' `look` found. */
function obstacle({ rows: [row] }: QueryResult): Exclude<Acquisition, { state: "Acquired" }> | undefined {
  if (row === undefined) return undefined;
  if (row.done === true) return { state: "Done", result: String(row.result) };
  return { state: "Held", forMs: Number(row.for_ms) };
}
