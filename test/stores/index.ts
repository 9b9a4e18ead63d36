// Redis and PostgreSQL for tests and benchmarks: real servers of the caller's own, which it may kill and start again.
export { type PostgresServer, startPostgres } from "./postgres.ts";
export { type RedisPersistence, type RedisServer, startRedis } from "./redis.ts";
