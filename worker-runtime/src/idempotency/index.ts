/** `once`: work that is not repeated when its job is run again. */
export { AlreadyRunning, LeaseLost, ResultNotStorable, StoreUnavailable } from "./errors.ts";
export { memoryStore } from "./memory-store.ts";
export { createOnce, type Once, type OnceContext, type OnceOptions, type PostgresOnce } from "./once.ts";
export { postgresStore } from "./postgres-store.ts";
export { redisStore } from "./redis-store.ts";
export type { OnceStore } from "./store.ts";
