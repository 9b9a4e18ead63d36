import { DefinitionError } from "../errors.ts";
import { shown } from "../shown.ts";
import type { OnceStore } from "./store.ts";

/** What is needed of a client: `call` as ioredis has it, or `sendCommand` as node-redis has it. */
export type RedisClient =
  | { call(...args: [command: string, ...args: string[]]): Promise<unknown> }
  | { sendCommand(args: string[]): Promise<unknown> };

// One string a key: "L" and the holder's token, or "D" and the result. Redis itself ends both, by its own clock.

const acquire = `
local held = redis.call("GET", KEYS[1])
if held then return {held, redis.call("PTTL", KEYS[1])} end
redis.call("SET", KEYS[1], "L" .. ARGV[1], "PX", ARGV[2])
return {"", 0}`;

const renew = `
if redis.call("GET", KEYS[1]) ~= "L" .. ARGV[1] then return 0 end
return redis.call("PEXPIRE", KEYS[1], ARGV[2])`;

const complete = `
local held = redis.call("GET", KEYS[1])
if held and held ~= "L" .. ARGV[1] then return 0 end
redis.call("SET", KEYS[1], "D" .. ARGV[2], "PX", ARGV[3])
return 1`;

const release = `
if redis.call("GET", KEYS[1]) ~= "L" .. ARGV[1] then return 0 end
return redis.call("DEL", KEYS[1])`;

/**
 * Remembers in Redis 5 or newer, a string a key, which expires by itself. It protects as well as the Redis keeps its
 * data: with `appendfsync always` over a restart, not over a fail-over to a replica that lags behind; and with
 * `maxmemory-policy noeviction` only.
 *
 * @param client the application's own, of ioredis or node-redis. It must be connected, and stays the caller's to close.
 * @param options.prefix stands before every key. Default `jobwright:once:`.
 * @throws DefinitionError when there is no client.
 */
export function redisStore(client: RedisClient, { prefix = "jobwright:once:" }: { prefix?: string } = {}): OnceStore {
  if (typeof client !== "object" || client === null || !("call" in client || "sendCommand" in client)) {
    throw new DefinitionError(
      `redisStore: client is ${shown(client)}: expected a client of ioredis or node-redis, such as new Redis("redis://redis:6379")`,
    );
  }
  const run = (script: string, key: string, ...values: (string | number)[]): Promise<unknown> => {
    const args = [script, "1", prefix + key, ...values.map(String)];
    return "call" in client ? client.call("EVAL", ...args) : client.sendCommand(["EVAL", ...args]);
  };
  return {
    async acquire(key, token, leaseMs) {
      const [held, forMs] = (await run(acquire, key, token, leaseMs)) as [string, number];
      if (held === "") return { state: "Acquired" };
      if (held.startsWith("D")) return { state: "Done", result: held.slice(1) };
      return { state: "Held", forMs: Math.max(0, forMs) };
    },
    async renew(key, token, leaseMs) {
      return (await run(renew, key, token, leaseMs)) === 1;
    },
    async complete(key, token, result, ttlMs) {
      return (await run(complete, key, token, result, ttlMs)) === 1;
    },
    async release(key, token) {
      await run(release, key, token);
    },
  };
}
