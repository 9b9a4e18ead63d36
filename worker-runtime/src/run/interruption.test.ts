import { pino } from "pino";
import { expect, test } from "vitest";
import { DeliveryLost, DrainDeadline, JobTimedOut } from "../errors.ts";
import { controlledClock } from "../testing/controlled-clock.ts";
import { Interruption } from "./interruption.ts";

function interruption() {
  const clock = controlledClock(0);
  const lost = new AbortController();
  const drain = new AbortController();
  const lines: string[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => lines.push(line) });
  const made = new Interruption({ lost: lost.signal }, drain.signal, clock, { ownLog: log });
  return { made, lost, drain, clock, lines };
}

const late = new JobTimedOut("work", 10);

test("the first reason stays, also for a signal that is asked for later", () => {
  const { made, lost } = interruption();
  made.abort(late);
  expect(made.signal.reason).toBe(late);
  lost.abort(new DeliveryLost());
  expect(made.reason).toBe(late);
});

test("a signal asked for after the delivery was lost is aborted at once", () => {
  const { made, lost } = interruption();
  lost.abort(new DeliveryLost());
  expect(made.signal.reason).toBeInstanceOf(DeliveryLost);
});

test("a handler that never asked for its signal is cut short by the drain deadline all the same", () => {
  const { made, drain } = interruption();
  drain.abort(new DrainDeadline());
  expect(made.atDrainDeadline).toBe(true);
});

test("a handler that goes on is reported after 5 s, one that has ended is not", () => {
  const goesOn = interruption();
  goesOn.made.abort(late);
  expect(goesOn.clock.nextMs).toBe(5_000);
  goesOn.clock.fireNext(5_000);
  expect(goesOn.lines.join()).toContain("the handler goes on 5 s after its signal was aborted");
  const ends = interruption();
  ends.made.abort(late);
  ends.made.end();
  expect(ends.clock.nextMs).toBeUndefined();
});

test("once it has ended, nothing listens to signals that outlive it", () => {
  const { made, drain } = interruption();
  const { signal } = made;
  made.end();
  drain.abort(new DrainDeadline());
  expect(signal.aborted).toBe(false);
});
