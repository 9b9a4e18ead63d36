import { describe, expect, test } from "vitest";
import { defaultRetryPolicy } from "../contract/index.ts";
import { JobTimedOut } from "../errors.ts";
import { GiveUp, RetryLater } from "./handler-outcome.ts";
import { decideOutcome, type Ending } from "./outcome.ts";

const decide = (ending: Ending, attempt = 1) => decideOutcome(ending, attempt, defaultRetryPolicy, 0.5);
const threw = (error: Error): Ending => ({ type: "Threw", error });

describe("decideOutcome", () => {
  test("a handler that returns is done", () => {
    const returned = { output: { key: "a" }, children: [] };
    expect(decide({ type: "Returned", ...returned })).toEqual({ type: "Done", ...returned });
  });

  test("a failure is tried again, as the next attempt, after the policy's delay", () => {
    expect(decide(threw(new Error("no")), 2)).toMatchObject({ type: "Retry", attempt: 3, delayMs: 2_000 });
  });

  test("the failure of the last attempt is dead-lettered", () => {
    const error = new Error("no");
    expect(decide(threw(error), 3)).toEqual({ type: "DeadLetter", reason: "AttemptsExhausted", error });
  });

  test("a time-out is a failure like any other", () => {
    const ending: Ending = { type: "TimedOut", error: new JobTimedOut("resize", 10) };
    expect(decide(ending, 1)).toMatchObject({ type: "Retry", attempt: 2 });
    expect(decide(ending, 3)).toMatchObject({ type: "DeadLetter", reason: "AttemptsExhausted" });
  });

  test("RetryLater uses up no attempt, even on the last one", () => {
    const later = new RetryLater({ after: "1m30s", input: { radius: 2 } });
    expect(decide(threw(later), 3)).toMatchObject({
      type: "Retry",
      attempt: 3,
      delayMs: 90_000,
      input: { radius: 2 },
    });
  });

  test("GiveUp is dead-lettered at once", () => {
    expect(decide(threw(new GiveUp("gone")))).toMatchObject({ type: "DeadLetter", reason: "GaveUp" });
  });

  test("an interrupted job goes back as it was", () => {
    expect(decide({ type: "Interrupted" }, 3)).toEqual({ type: "HandBack" });
  });
});

describe("RetryLater", () => {
  test("refuses what is not a duration", () => {
    expect(() => new RetryLater({ after: "soon" })).toThrow('"soon" is not a duration');
  });

  test("refuses what the delay fabric cannot hold", () => {
    expect(() => new RetryLater({ after: "100000h" })).toThrow("at most 8.5 years");
  });
});
