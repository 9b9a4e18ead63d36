import { Redis } from "ioredis";
import { type RedisServer, startRedis } from "../../test/stores/index.ts";
import { loadSubject, type SubjectName } from "../subjects/names.ts";
import { payloadOf } from "./payload.ts";

/** A Redis of the bench's own for each durability that BullMQ is measured with. */
export interface RedisQueues extends AsyncDisposable {
  urlOf(subject: SubjectName): string;
  /** Puts jobs into a queue, and resolves when Redis has stored them. */
  fill(subject: SubjectName, queue: string, jobs: number, payloadBytes: number): Promise<void>;
  /** Drops all that the subject's Redis holds. */
  empty(subject: SubjectName): Promise<void>;
}

const unconfirmed = 1_000;

export async function openRedisQueues(): Promise<RedisQueues> {
  const servers: Partial<Record<SubjectName, RedisServer>> = {
    "bullmq-everysec": await startRedis({ appendonly: "everysec" }),
    "bullmq-always": await startRedis({ appendonly: "always" }),
  };

  function urlOf(subject: SubjectName): string {
    const server = servers[subject];
    if (server === undefined) throw new Error(`${subject} does not use Redis`);
    return server.url;
  }

  return {
    urlOf,
    async fill(subject, queue, jobs, payloadBytes) {
      const { openProducer } = await loadSubject(subject);
      const producer = await openProducer({ url: urlOf(subject), queue });
      const payload = payloadOf(payloadBytes);
      for (let filled = 0; filled < jobs; filled += unconfirmed) {
        const count = Math.min(unconfirmed, jobs - filled);
        await Promise.all(
          Array.from({ length: count }, (_, index) =>
            producer.enqueue({ sequence: filled + index, sentAtMs: 0, payload }),
          ),
        );
      }
      await producer.close();
    },
    async empty(subject) {
      const redis = new Redis(urlOf(subject));
      await redis.flushall();
      await redis.quit();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(Object.values(servers).map((server) => server[Symbol.asyncDispose]()));
    },
  };
}
