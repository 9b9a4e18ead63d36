import { openScene, type Servers } from "../harness/scene.ts";
import { type SubjectProcess, startSubject } from "../harness/subject-process.ts";
import type { SubjectName } from "../subjects/names.ts";
import type { ProduceCase } from "./cases.ts";
import { interleave, type Runs } from "./rounds.ts";

/** Jobs that a producer may have sent and not yet heard of. */
export const inFlight = 1_000;

/** Every subject produces the same jobs, each waited for, `rounds` times after one round to warm up. */
export async function measureProducing(
  servers: Servers,
  subjects: readonly SubjectName[],
  { payloadBytes, jobs }: ProduceCase,
  rounds: number,
): Promise<Runs> {
  const scene = await openScene(servers, subjects, `produce-${payloadBytes}`);
  await using processes = new AsyncDisposableStack();
  const producers = new Map<SubjectName, SubjectProcess>();
  for (const subject of subjects) {
    const producer = processes.use(startSubject());
    await producer.call("openProducer", { subject, target: scene.targetOf(subject) });
    producers.set(subject, producer);
  }
  const produce = async (subject: SubjectName) => {
    const producer = producers.get(subject);
    if (producer === undefined) throw new Error(`no process for ${subject}`);
    return await producer.call("produce", { jobs, payloadBytes, inFlight });
  };

  await interleave(subjects, 1, scene.empty, produce);
  const runs = await interleave(subjects, rounds, scene.empty, produce);
  await scene.empty();
  for (const producer of producers.values()) await producer.call("close", undefined);
  return runs;
}
