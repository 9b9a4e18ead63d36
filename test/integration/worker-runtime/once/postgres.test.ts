import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  AlreadyRunning,
  createOnce,
  postgresStore,
  ResultNotStorable,
} from "../../../../worker-runtime/src/idempotency/index.ts";
import { onceStatements } from "../../../../worker-runtime/src/idempotency/postgres-statements.ts";
import { type PostgresServer, startPostgres } from "../../../stores/index.ts";
import { until } from "../until.ts";
import { killedHolder } from "./killed-holder.ts";

let server: PostgresServer;
let pool: pg.Pool;

beforeAll(async () => {
  server = await startPostgres();
  pool = new pg.Pool({ connectionString: server.url, max: 25 });
  pool.on("error", () => {});
  await pool.query("create table charges (order_id text)");
});
afterAll(async () => {
  await pool.end();
  await server[Symbol.asyncDispose]();
});
beforeEach(() => pool.query("truncate charges"));

const charges = async () => Number((await pool.query("select count(*) from charges")).rows[0].count);
const charge = (tx: pg.PoolClient, order: string) => tx.query("insert into charges values ($1)", [order]);

test("of twenty transactions at once one is committed, with its effect and its mark", async () => {
  const once = createOnce({ store: postgresStore(pool) });
  const calls = await Promise.allSettled(
    Array.from({ length: 20 }, () =>
      once.transaction("race", async (tx) => {
        await charge(tx, "race");
        return { order: "race" };
      }),
    ),
  );
  expect(await charges()).toBe(1);
  const errors = calls.flatMap((call) => (call.status === "rejected" ? [call.reason] : []));
  expect(errors.filter((error) => !(error instanceof AlreadyRunning))).toEqual([]);
  expect(await once.transaction("race", () => expect.unreachable())).toEqual({ order: "race" });
});

test("work that fails leaves neither effect nor mark", async () => {
  const once = createOnce({ store: postgresStore(pool) });
  const failing = once.transaction("failing", async (tx) => {
    await charge(tx, "failing");
    throw new Error("no money");
  });
  await expect(failing).rejects.toThrow("no money");
  expect(await charges()).toBe(0);
  await once.transaction("failing", (tx) => charge(tx, "failing").then(() => undefined));
  expect(await charges()).toBe(1);
});

test("a statement that fails and is caught cannot be committed by mistake", async () => {
  const once = createOnce({ store: postgresStore(pool) });
  const caught = once.transaction("caught", async (tx) => {
    await charge(tx, "caught");
    await tx.query("select 1 / 0").catch(() => {});
  });
  await expect(caught).rejects.toThrow(/transaction is aborted/);
  expect(await charges()).toBe(0);
});

test("a result that cannot be stored is refused before the commit", async () => {
  const once = createOnce({ store: postgresStore(pool) });
  const large = once.transaction("large", async (tx) => {
    await charge(tx, "large");
    return "x".repeat(70_000);
  });
  await expect(large).rejects.toThrow(ResultNotStorable);
  expect(await charges()).toBe(0);
});

test("a transaction whose process was killed is free at once", async () => {
  const once = createOnce({ store: postgresStore(pool) });
  await killedHolder("pg", server.url, "killed", "30s", "transaction");
  const startedMs = performance.now();
  await until("the work was done by another", () =>
    once.transaction("killed", (tx) => charge(tx, "killed").then(() => true)).catch(() => undefined),
  );
  expect(performance.now() - startedMs).toBeLessThan(20_000);
  expect(await charges()).toBe(1);
});

test("a connection that is lost in the midst fails the work, not the process; the pool goes on", async () => {
  const once = createOnce({ store: postgresStore(pool) });
  const lost = once.transaction("lost", async (tx) => {
    await charge(tx, "lost");
    const { rows } = await tx.query("select pg_backend_pid() as pid");
    await pool.query("select pg_terminate_backend($1)", [rows[0].pid]);
    await until("the connection is gone", async () => {
      const found = await pool.query("select 1 from pg_stat_activity where pid = $1", [rows[0].pid]);
      return found.rows.length === 0;
    });
  });
  await expect(lost).rejects.toThrow();
  expect(await charges()).toBe(0);
  await once.transaction("lost", (tx) => charge(tx, "lost").then(() => undefined));
  expect(await charges()).toBe(1);
});

test("a lease keeps a transaction of the same key out, and its result is the transaction's", async () => {
  const once = createOnce({ store: postgresStore(pool) });
  const result = await once("both", async () => {
    await expect(once.transaction("both", () => expect.unreachable())).rejects.toThrow(AlreadyRunning);
    return 1;
  });
  expect(await once.transaction("both", () => expect.unreachable())).toBe(result);
});

test("twenty workers that start at once make the table together", async () => {
  await pool.query('create schema "Jobs"');
  const table = "Jobs.Done";
  const stores = Array.from({ length: 20 }, () => postgresStore(pool, { table }));
  const states = await Promise.all(stores.map((store, index) => store.acquire(`key-${index}`, "me", 1_000)));
  expect(states).toEqual(Array(20).fill({ state: "Acquired" }));
  expect((await pool.query('select count(*)::int as keys from "Jobs"."Done"')).rows).toEqual([{ keys: 20 }]);
});

test("what is over is cleaned away, and nothing else", async () => {
  const store = postgresStore(pool, { table: "cleaned" });
  await store.acquire("over", "me", 1);
  await store.acquire("held", "me", 60_000);
  await store.acquire("done", "me", 60_000);
  await store.complete("done", "me", "1", 60_000);
  const left = await until("the lease is over and cleaned", async () => {
    await pool.query(onceStatements("cleaned").clean);
    const { rows } = await pool.query("select key from cleaned order by key");
    return rows.length < 3 && rows.map(({ key }) => key);
  });
  expect(left).toEqual(["done", "held"]);
});

test("a user who may not create tables uses the one that was made for them", async () => {
  await pool.query("create role guest login");
  await pool.query("create table given (like jobwright_once including all)");
  await pool.query("grant select, insert, update, delete on given to guest");
  const guests = new pg.Pool({ connectionString: server.url.replace("postgres@", "guest@") });
  try {
    const once = createOnce({ store: postgresStore(guests, { table: "given" }) });
    expect(await once("guest", () => 1)).toBe(1);
    await expect(
      createOnce({ store: postgresStore(guests, { table: "not_given" }) })("guest", () => 1),
    ).rejects.toThrow(/permission denied/);
  } finally {
    await guests.end();
  }
});
