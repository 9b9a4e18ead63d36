import { type SubjectName, usesRabbit } from "../subjects/names.ts";
import type { Target } from "../subjects/subject.ts";
import { openRabbitQueues, type RabbitQueues } from "./rabbit.ts";
import { openRedisQueues, type RedisQueues } from "./redis.ts";

/** The servers of one bench. */
export interface Servers extends AsyncDisposable {
  readonly rabbit: RabbitQueues;
  /** @throws when no subject needs it. */
  redis(): RedisQueues;
}

/** Starts what these subjects need. */
export async function openServers(subjects: readonly SubjectName[]): Promise<Servers> {
  const rabbit = await openRabbitQueues();
  const redis = subjects.every(usesRabbit) ? undefined : await openRedisQueues();
  return {
    rabbit,
    redis() {
      if (redis === undefined) throw new Error("none of this bench's subjects uses Redis");
      return redis;
    },
    async [Symbol.asyncDispose]() {
      await redis?.[Symbol.asyncDispose]();
      await rabbit[Symbol.asyncDispose]();
    },
  };
}

/** A queue for each subject. */
export interface Scene {
  targetOf(subject: SubjectName): Target;
  /** Makes each subject's queue hold the same `jobs` jobs. The queues are empty before. */
  fill(jobs: number, payloadBytes: number): Promise<void>;
  /** Empties every queue. */
  empty(): Promise<void>;
}

/** @param name sets these queues apart from those of the bench's other scenes. */
export async function openScene(servers: Servers, subjects: readonly SubjectName[], name: string): Promise<Scene> {
  const { rabbit, redis } = servers;
  const onRabbit = subjects.filter(usesRabbit);
  const onRedis = subjects.filter((subject) => !usesRabbit(subject));
  const queueOf = (subject: SubjectName) => `${name}.${subject}`;
  await rabbit.create(onRabbit.map(queueOf));

  return {
    targetOf: (subject) => ({
      url: usesRabbit(subject) ? rabbit.url : redis().urlOf(subject),
      queue: queueOf(subject),
    }),
    async fill(jobs, payloadBytes) {
      await rabbit.fill(onRabbit.map(queueOf), jobs, payloadBytes);
      for (const subject of onRedis) await redis().fill(subject, queueOf(subject), jobs, payloadBytes);
    },
    async empty() {
      for (const subject of onRabbit) await rabbit.purge(queueOf(subject));
      for (const subject of onRedis) await redis().empty(subject);
    },
  };
}
