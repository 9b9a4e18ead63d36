import { Redis } from "ioredis";
import pg from "pg";
import { createClient } from "redis";
import {
  memoryStore,
  type OnceStore,
  postgresStore,
  redisStore,
} from "../../../../worker-runtime/src/idempotency/index.ts";
import { startPostgres, startRedis } from "../../../stores/index.ts";

/** A kind of store, over a server of its own. */
export interface StoreUnderTest extends AsyncDisposable {
  /** A store of a client of its own, as another worker would have it. */
  open(): Promise<OnceStore>;
  /** The server, where there is one. */
  readonly server?: { readonly url: string; kill(): Promise<void>; start(): Promise<void> };
}

/** Opens a store at a server, by the store's name; a child process does so too. */
export const openers: Record<string, (url: string) => Promise<{ store: OnceStore; close(): Promise<unknown> }>> = {
  async ioredis(url) {
    const client = new Redis(url, { maxRetriesPerRequest: 1, retryStrategy: () => 100 });
    client.on("error", () => {});
    return { store: redisStore(client), close: async () => client.disconnect() };
  },
  async "node-redis"(url) {
    const client = createClient({ url, socket: { reconnectStrategy: 100 } });
    client.on("error", () => {});
    await client.connect();
    return { store: redisStore(client), close: async () => client.destroy() };
  },
  async pg(url) {
    const pool = new pg.Pool({ connectionString: url, max: 5 });
    pool.on("error", () => {});
    return { store: postgresStore(pool), close: () => pool.end() };
  },
};

async function overServer(
  kind: string,
  start: () => Promise<NonNullable<StoreUnderTest["server"]> & AsyncDisposable>,
): Promise<StoreUnderTest> {
  const server = await start();
  const open: { close(): Promise<unknown> }[] = [];
  return {
    server,
    async open() {
      const opener = openers[kind];
      if (opener === undefined) throw new Error(`there is no store "${kind}"`);
      const opened = await opener(server.url);
      open.push(opened);
      return opened.store;
    },
    async [Symbol.asyncDispose]() {
      for (const { close } of open) await close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Starts each kind of store by its name. */
export const storesUnderTest: Record<string, () => Promise<StoreUnderTest>> = {
  async memory() {
    const store = memoryStore();
    return { open: async () => store, [Symbol.asyncDispose]: async () => {} };
  },
  ioredis: () => overServer("ioredis", () => startRedis({ appendonly: "always" })),
  "node-redis": () => overServer("node-redis", () => startRedis({ appendonly: "always" })),
  pg: () => overServer("pg", startPostgres),
};
