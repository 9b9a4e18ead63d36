/** `once`: work that is not repeated when its job is run again. */
export { AlreadyRunning, LeaseLost, ResultNotStorable, StoreUnavailable } from "./errors.ts";
export { memoryStore } from "./memory-store.ts";
export { createOnce, type Once, type OnceContext, type OnceOptions, type PostgresOnce } from "./once.ts";
export {
  type PostgresConnection,
  type PostgresPool,
  type PostgresQueries,
  type PostgresStore,
  postgresStore,
} from "./postgres-store.ts";
export { type RedisClient, redisStore } from "./redis-store.ts";
export type { Acquisition, OnceStore } from "./store.ts";
