import { expect, test, vi } from "vitest";
import type { Clock } from "../clock.ts";
import { JobHung } from "../errors.ts";
import { watchForHang } from "./hang-watch.ts";

/** A clock that the test moves; it has one timer at most, as the watch promises. */
function movedClock() {
  let nowMs = 0;
  let timer: { atMs: number; then: () => void } | undefined;
  let armed = 0;
  const clock: Clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    after(delayMs, then) {
      expect(timer).toBeUndefined();
      armed += 1;
      timer = { atMs: nowMs + delayMs, then };
      return () => {
        timer = undefined;
      };
    },
  };
  return {
    clock,
    timers: () => armed,
    pass(ms: number) {
      const untilMs = nowMs + ms;
      while (timer !== undefined && timer.atMs <= untilMs) {
        const { atMs, then } = timer;
        nowMs = atMs;
        timer = undefined;
        then();
      }
      nowMs = untilMs;
    },
  };
}

function watched(heartbeatTimeoutMs: number | undefined) {
  const time = movedClock();
  const abort = vi.fn();
  const run = { onHeartbeat: undefined as (() => void) | undefined, interruption: { abort } };
  const stop = watchForHang({ name: "crawl", heartbeatTimeoutMs }, run, time.clock);
  return { ...time, abort, stop, beat: () => run.onHeartbeat?.() };
}

test("a handler that gives no sign of life is aborted once, when its heartbeatTimeout is over", () => {
  const { abort, pass } = watched(30_000);
  pass(29_999);
  expect(abort).not.toHaveBeenCalled();
  pass(1);
  expect(abort).toHaveBeenCalledExactlyOnceWith(expect.any(JobHung));
  pass(100_000);
  expect(abort).toHaveBeenCalledOnce();
});

test("each sign of life starts the time anew, without a timer each", () => {
  const { abort, beat, pass, timers } = watched(30_000);
  for (let count = 0; count < 100; count += 1) {
    pass(20_000);
    beat();
  }
  expect(abort).not.toHaveBeenCalled();
  expect(timers()).toBeLessThanOrEqual(100);
  pass(30_001);
  expect(abort).toHaveBeenCalledOnce();
});

test("it ends with the handler, and is not there without a heartbeatTimeout", () => {
  const ended = watched(30_000);
  ended.stop?.();
  ended.pass(60_000);
  expect(ended.abort).not.toHaveBeenCalled();
  expect(watched(undefined).stop).toBeUndefined();
});
