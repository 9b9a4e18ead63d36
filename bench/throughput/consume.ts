import { openScene, type Servers } from "../harness/scene.ts";
import { type SubjectProcess, startSubject } from "../harness/subject-process.ts";
import type { SubjectName } from "../subjects/names.ts";
import { usesRabbit } from "../subjects/names.ts";
import type { ConsumeCase } from "./cases.ts";
import { interleave, type Runs } from "./rounds.ts";

/**
 * Every subject drains a queue of the same jobs, `rounds` times after one round to warm up, in a process of its own that
 * lives through all rounds. A run lasts from the start of consuming until the server has heard of the last ack.
 */
export async function measureConsuming(
  servers: Servers,
  subjects: readonly SubjectName[],
  { handlerMs, payloadBytes, concurrency, jobs }: ConsumeCase,
  rounds: number,
): Promise<Runs> {
  const scene = await openScene(servers, subjects, `consume-${handlerMs}-${payloadBytes}-${concurrency}`);
  await using processes = new AsyncDisposableStack();
  const consumers = new Map<SubjectName, SubjectProcess>();
  for (const subject of subjects) {
    const consumer = processes.use(startSubject());
    await consumer.call("openConsumer", { subject, target: scene.targetOf(subject), concurrency, handlerMs });
    consumers.set(subject, consumer);
  }
  const fill = () => scene.fill(jobs, payloadBytes);
  const drain = async (subject: SubjectName) => {
    const consumer = consumers.get(subject);
    if (consumer === undefined) throw new Error(`no process for ${subject}`);
    return await consumer.call("drain", { jobs });
  };

  await interleave(subjects, 1, fill, drain);
  const runs = await interleave(subjects, rounds, fill, drain);
  for (const [subject, consumer] of consumers) {
    await consumer.call("close", undefined);
    if (!usesRabbit(subject)) continue;
    // What was not acked is back in the queue now.
    const left = await servers.rabbit.ready(scene.targetOf(subject).queue);
    if (left > 0) throw new Error(`${subject} left ${left} jobs unacked: its figures are not to be used`);
  }
  return runs;
}
