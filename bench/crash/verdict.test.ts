import { expect, test } from "vitest";
import type { Run, RunEnding, Sent } from "./journal.ts";
import { type Evidence, judge } from "./verdict.ts";

const sent = (id: string, sentMs = 0, acceptedMs: number | undefined = sentMs + 1): Sent => {
  return { id, pid: 9, sentMs, delayMs: 0, acceptedMs, refusedMs: undefined };
};
function run(id: string, startMs: number, ending?: RunEnding, { attempt = 1, pid = 1, delayMs = 0 } = {}): Run {
  const endMs = ending === undefined ? undefined : startMs + 10;
  return { id, attempt, pid, startMs, ending, endMs, settledMs: endMs, delayMs };
}
const outage = (fromMs: number, toMs: number) => ({ fromMs, goneMs: fromMs + 1, toMs });
const none = { workerKill: 0, brokerKill: 0, producerResend: 0, delayFabric: 0 };
const evidence = (given: Partial<Evidence>): Evidence => ({
  sent: [],
  runs: [],
  dead: new Set(),
  kills: new Map(),
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
  const runs = [run("a", 1_000, "done"), run("a", 1_500, "done", { pid: 2 })];
  const killed = (atMs: number) =>
    judge(evidence({ sent: [sent("a")], runs, kills: new Map([[1, atMs]]) })).unexplainedDuplicates;
  expect(killed(1_200)).toBe(0);
  expect(killed(500)).toBe(1);
  expect(killed(1_600)).toBe(1);
  expect(killed(9_000)).toBe(1);
});

test("a worker that was killed in the midst of a run explains one more run of it, however long it had taken", () => {
  const runs = [run("a", 1_000), run("a", 9_500, "done", { pid: 2 })];
  const judged = judge(evidence({ sent: [sent("a")], runs, kills: new Map([[1, 9_000]]) }));
  expect(judged).toMatchObject({ duplicates: 1, explainedBy: { ...none, workerKill: 1 } });
});

test("a run whose outcome was not confirmed by the broker is cut by the kill of its worker, however late", () => {
  const runs = [run("a", 1_000, "failed", { pid: 1 }), run("a", 9_500, "failed", { pid: 2 })];
  const judged = (settledMs: number | undefined) =>
    judge(
      evidence({
        sent: [sent("a")],
        runs: runs.map((one) => ({ ...one, settledMs: one.pid === 1 ? settledMs : one.settledMs })),
        kills: new Map([[1, 9_000]]),
      }),
    );
  expect(judged(undefined).explainedBy).toEqual({ ...none, workerKill: 1 });
  expect(judged(1_010).unexplainedDuplicates).toBe(1);
});

test("an outage explains a repeated run, a job that was sent twice, and what follows from its second copy", () => {
  const outages = [outage(1_000, 3_000)];
  const cutRun = [run("a", 995, "done"), run("a", 3_100, "done")];
  const cut = judge(evidence({ sent: [sent("a")], runs: cutRun, outages }));
  expect(cut).toMatchObject({ unexplainedDuplicates: 0, explainedBy: { ...none, brokerKill: 1 } });
  const sentTwice = [run("a", 9_000, "failed"), run("a", 9_001, "failed")].concat(
    run("a", 12_000, "done", { attempt: 2 }),
    run("a", 12_001, "done", { attempt: 2 }),
  );
  const twice = evidence({ sent: [sent("a", 900, 3_100)], runs: sentTwice, outages });
  expect(judge(twice)).toMatchObject({ duplicates: 2, explainedBy: { ...none, producerResend: 2 } });
  expect(judge({ ...twice, outages: [] })).toMatchObject({ unexplainedDuplicates: 2, explainedBy: none });
});

test("a producer sends again neither what it began to send when the broker was gone, nor after it was killed itself", () => {
  const runs = [run("a", 9_000, "done"), run("a", 9_001, "done")];
  const judged = (one: Sent) =>
    judge(evidence({ sent: [one], runs, outages: [outage(1_000, 3_000)], kills: new Map([[9, 500]]) }));
  expect(judged(sent("a", 900, 3_100)).explainedBy.producerResend).toBe(1);
  expect(judged(sent("a", 1_500, 3_100)).explainedBy.producerResend).toBe(0);
  expect(judged({ ...sent("a", 400), acceptedMs: undefined }).explainedBy.producerResend).toBe(0);
  expect(judged({ ...sent("a", 400), acceptedMs: undefined, refusedMs: 600 }).explainedBy.producerResend).toBe(0);
});

test("an outage explains a second copy of a job while it waits in the delay fabric, not while it waits for a worker", () => {
  const runs = [run("a", 60_000, "done"), run("a", 60_001, "done")];
  const judged = (delayMs: number, fromMs: number) =>
    judge(evidence({ sent: [{ ...sent("a", 1_000), delayMs }], runs, outages: [outage(fromMs, fromMs + 500)] }));
  expect(judged(5_000, 4_000).explainedBy).toEqual({ ...none, delayFabric: 1 });
  expect(judged(0, 4_000).unexplainedDuplicates).toBe(1);
  expect(judged(5_000, 500).unexplainedDuplicates).toBe(1);
  expect(judged(5_000, 20_000).unexplainedDuplicates).toBe(1);
});

test("what waits in the delay fabric waits for longer by an outage, and another may double it then", () => {
  const runs = [run("a", 60_000, "done"), run("a", 60_001, "done"), run("a", 60_002, "done")];
  const second = outage(15_000, 16_000);
  const judged = (...outages: ReturnType<typeof outage>[]) =>
    judge(evidence({ sent: [{ ...sent("a", 1_000), delayMs: 5_000 }], runs, outages }));
  expect(judged(second).explainedBy.delayFabric).toBe(0);
  expect(judged(second, outage(4_000, 12_000)).explainedBy.delayFabric).toBe(2);
});

test("an outage explains a second retry from the failure until the retry is due, and not afterwards", () => {
  const runs = [run("a", 5_000, "failed", { delayMs: 2_000 })].concat(
    run("a", 60_000, "done", { attempt: 2 }),
    run("a", 60_001, "done", { attempt: 2 }),
  );
  const judged = (fromMs: number) =>
    judge(evidence({ sent: [sent("a")], runs, outages: [outage(fromMs, fromMs + 500)] }));
  expect(judged(7_500).explainedBy).toEqual({ ...none, delayFabric: 1 });
  expect(judged(20_000)).toMatchObject({ unexplainedDuplicates: 1, unexplained: ["a attempt 2"] });
});

test("an aborted run leaves no retry: one kill explains one more run, and none of the next attempt", () => {
  const runs = [run("a", 995, "aborted"), run("a", 3_100, "failed")].concat(
    run("a", 9_000, "done", { attempt: 2 }),
    run("a", 9_001, "done", { attempt: 2 }),
  );
  const judged = judge(evidence({ sent: [sent("a")], runs, outages: [outage(1_000, 3_000)] }));
  expect(judged).toMatchObject({ duplicates: 2, explainedBy: { ...none, brokerKill: 1 } });
  expect(judged.unexplained).toEqual(["a attempt 2"]);
});

test("a run of a job that nobody sent, or of an attempt that nothing led to, is an unexplained duplicate", () => {
  const runs = [run("a", 10, "done"), run("b", 10, "done"), run("b", 20, "done", { attempt: 2 })];
  const judged = judge(evidence({ sent: [sent("b")], runs }));
  expect(judged).toMatchObject({ duplicates: 2, unexplained: ["a attempt 1", "b attempt 2"] });
});

test("the causes and the unexplained add up to the duplicates, however many kills there were", () => {
  const runs = [run("a", 995), run("a", 3_100, "failed"), run("a", 3_101, "failed"), run("a", 3_102, "later")].concat(
    run("a", 3_500, "failed"),
    ...[1, 2, 3, 4, 5].map((n) => run("a", 9_000 + n, "done", { attempt: 2, pid: 2 })),
  );
  const kills = new Map([[1, 998]]);
  const verdict = judge(evidence({ sent: [sent("a", 900, 3_050)], runs, kills, outages: [outage(1_000, 3_000)] }));
  const { workerKill, brokerKill, producerResend, delayFabric } = verdict.explainedBy;
  expect(verdict).toMatchObject({ duplicates: 7, explainedBy: { workerKill: 1, producerResend: 2 } });
  expect(workerKill + brokerKill + producerResend + delayFabric + verdict.unexplainedDuplicates).toBe(7);
});
