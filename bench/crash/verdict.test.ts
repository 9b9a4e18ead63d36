import { expect, test } from "vitest";
import type { Run, RunEnding, Sent } from "./journal.ts";
import { type Evidence, judge } from "./verdict.ts";

const sent = (id: string, sentMs = 0, acceptedMs: number | undefined = sentMs + 1): Sent => {
  return { id, sentMs, acceptedMs, delayed: false };
};
function run(id: string, startMs: number, ending?: RunEnding, { attempt = 1, pid = 1 } = {}): Run {
  return { id, attempt, pid, startMs, ending, endMs: ending === undefined ? undefined : startMs + 10 };
}
const evidence = (given: Partial<Evidence>): Evidence => ({
  sent: [],
  runs: [],
  dead: new Set(),
  workerKills: new Map(),
  outages: [],
  ...given,
});

test("an accepted job is done, dead-lettered or lost; one whose enqueue never resolved is none of them", () => {
  const verdict = judge(
    evidence({
      sent: [sent("a"), sent("b"), sent("c"), { ...sent("d"), acceptedMs: undefined }],
      runs: [run("a", 10, "done"), run("b", 10, "gave-up"), run("c", 10)],
      dead: new Set(["b"]),
    }),
  );
  expect(verdict).toMatchObject({ accepted: 3, done: 1, deadLettered: 1, lost: 1, lostIds: ["c"] });
});

test("a second run that nothing explains is told of", () => {
  const verdict = judge(evidence({ sent: [sent("a")], runs: [run("a", 10, "done"), run("a", 20, "done")] }));
  expect(verdict).toMatchObject({ duplicates: 1, unexplainedDuplicates: 1, unexplained: ["a attempt 1"] });
});

test("retries and runs that were put off are no duplicates", () => {
  const runs = [run("a", 10, "later"), run("a", 2_000, "failed"), run("a", 4_000, "done", { attempt: 2 })];
  expect(judge(evidence({ sent: [sent("a")], runs }))).toMatchObject({ duplicates: 0, unexplainedDuplicates: 0 });
});

test("the kill of a run's worker explains one more run of it, if it was before the run's outcome was safe", () => {
  const runs = [run("a", 1_000), run("a", 1_500, "done", { pid: 2 })];
  const killed = (atMs: number) =>
    judge(evidence({ sent: [sent("a")], runs, workerKills: new Map([[1, atMs]]) })).unexplainedDuplicates;
  expect(killed(1_200)).toBe(0);
  expect(killed(500)).toBe(1);
  expect(killed(9_000)).toBe(1);
});

test("an outage explains a repeated run, a job that was sent twice, and what follows from its second copy", () => {
  const outages = [{ fromMs: 1_000, toMs: 3_000 }];
  const cutRun = [run("a", 990, "done"), run("a", 3_100, "done")];
  expect(judge(evidence({ sent: [sent("a")], runs: cutRun, outages })).unexplainedDuplicates).toBe(0);
  const sentTwice = [run("a", 9_000, "failed"), run("a", 9_001, "failed")].concat(
    run("a", 12_000, "done", { attempt: 2 }),
    run("a", 12_001, "done", { attempt: 2 }),
  );
  const twice = evidence({ sent: [sent("a", 900, 3_100)], runs: sentTwice, outages });
  expect(judge(twice)).toMatchObject({ duplicates: 2, unexplainedDuplicates: 0 });
  expect(judge({ ...twice, outages: [] }).unexplainedDuplicates).toBe(1);
});

test("an outage explains a second copy of a job that waited in the delay fabric meanwhile, and of no other", () => {
  const runs = [run("a", 9_000, "done"), run("a", 9_001, "done")];
  const judged = (delayed: boolean, toMs: number) =>
    judge(evidence({ sent: [{ ...sent("a", 100), delayed }], runs, outages: [{ fromMs: toMs - 500, toMs }] }));
  expect(judged(true, 3_000).unexplainedDuplicates).toBe(0);
  expect(judged(false, 3_000).unexplainedDuplicates).toBe(1);
  expect(judged(true, 50).unexplainedDuplicates).toBe(1);
});
