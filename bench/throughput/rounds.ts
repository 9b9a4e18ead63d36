import type { Usage } from "../harness/protocol.ts";
import type { SubjectName } from "../subjects/names.ts";

/** What each subject used, round by round. */
export type Runs = Map<SubjectName, Usage[]>;

/**
 * Lets every subject run once a round, in an order that moves on by one from round to round: whatever disturbs the
 * machine for a while, or favours who comes first, meets all of them alike.
 *
 * @param before makes ready for a round.
 */
export async function interleave(
  subjects: readonly SubjectName[],
  rounds: number,
  before: () => Promise<void>,
  run: (subject: SubjectName) => Promise<Usage>,
): Promise<Runs> {
  const runs: Runs = new Map(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < rounds; round += 1) {
    await before();
    const first = round % subjects.length;
    for (const subject of [...subjects.slice(first), ...subjects.slice(0, first)]) {
      runs.get(subject)?.push(await run(subject));
    }
  }
  return runs;
}

/** Jobs a second of each of a subject's runs. */
export const ratesOf = (runs: Runs, subject: SubjectName): number[] =>
  (runs.get(subject) ?? []).map(({ jobs, elapsedMs }) => (jobs / elapsedMs) * 1000);

/** CPU time a thousand jobs, in ms, of each of a subject's runs. */
export const cpuMsOf = (runs: Runs, subject: SubjectName): number[] =>
  (runs.get(subject) ?? []).map(({ jobs, cpuMs }) => (cpuMs / jobs) * 1000);
