import { type SubjectName, usesRabbit } from "../subjects/names.ts";
import type { Target } from "../subjects/subject.ts";
import { openRabbitQueues, type RabbitQueues } from "./rabbit.ts";
import { openRedisQueues, type RedisQueues } from "./redis.ts";

/** The servers of one bench, and a queue on them for each subject. */
export interface Scene extends AsyncDisposable {
  readonly rabbit: RabbitQueues;
  targetOf(subject: SubjectName): Target;
  /** Makes each subject's queue hold the same `jobs` jobs. The queues are empty before. */
  fill(subjects: readonly SubjectName[], jobs: number, payloadBytes: number): Promise<void>;
  /** Empties a subject's queue. */
  empty(subject: SubjectName): Promise<void>;
}

/** @param prefix sets this bench's queues apart from those of another in the same scene. */
export async function openScene(subjects: readonly SubjectName[], prefix: string): Promise<Scene> {
  const onRabbit = subjects.filter(usesRabbit);
  const rabbit = await openRabbitQueues();
  const redis: RedisQueues | undefined = onRabbit.length < subjects.length ? await openRedisQueues() : undefined;
  const queueOf = (subject: SubjectName) => `${prefix}.${subject}`;
  await rabbit.create(onRabbit.map(queueOf));

  function redisQueues(): RedisQueues {
    if (redis === undefined) throw new Error("this scene has no subject that uses Redis");
    return redis;
  }

  return {
    rabbit,
    targetOf: (subject) => ({
      url: usesRabbit(subject) ? rabbit.url : redisQueues().urlOf(subject),
      queue: queueOf(subject),
    }),
    async fill(filled, jobs, payloadBytes) {
      await rabbit.fill(filled.filter(usesRabbit).map(queueOf), jobs, payloadBytes);
      for (const subject of filled.filter((one) => !usesRabbit(one))) {
        await redisQueues().fill(subject, queueOf(subject), jobs, payloadBytes);
      }
    },
    async empty(subject) {
      if (usesRabbit(subject)) await rabbit.purge(queueOf(subject));
      else await redisQueues().empty(subject);
    },
    async [Symbol.asyncDispose]() {
      await redis?.[Symbol.asyncDispose]();
      await rabbit[Symbol.asyncDispose]();
    },
  };
}
