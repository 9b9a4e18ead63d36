import { expect, test } from "vitest";
import { type ContainerStatus, crashLoop } from "./crash-loop.ts";

const t0 = Date.parse("2026-01-01T00:00:00Z");
const at = (seconds: number) => new Date(t0 + seconds * 1000).toISOString();
const name = "worker";

/** A run that ended at t0. */
const ended = (afterSeconds: number, { exitCode = 1, reason = "Error" } = {}) => ({
  terminated: { exitCode, reason, startedAt: at(-afterSeconds), finishedAt: at(0) },
});
const back = (restartCount: number, ranSeconds: number): ContainerStatus => ({
  ...{ name, restartCount, lastState: ended(ranSeconds) },
  state: { running: { startedAt: at(10) } },
});
const backOff = { waiting: { reason: "CrashLoopBackOff", message: "back-off 10s restarting failed container" } };

test("a container that crashes again and again is in a crash loop while it waits, runs and ends", () => {
  const lastState = ended(3);
  const steps: ContainerStatus[] = [
    { name, restartCount: 0, state: { running: { startedAt: at(0) } } },
    { name, restartCount: 0, state: ended(3) },
    { name, restartCount: 1, lastState, state: { running: { startedAt: at(0) } } },
    { name, restartCount: 1, lastState, state: ended(3) },
    { name, restartCount: 1, lastState, state: backOff },
    { name, restartCount: 2, lastState, state: { running: { startedAt: at(10) } } },
    { name, restartCount: 2, lastState, state: ended(3) },
    { name, restartCount: 2, lastState, state: backOff },
  ];
  const isLooping = steps.map((step) => (crashLoop(step)?.endsAtMs ?? 0) > t0 + 12_000);
  // As the kubelet does, which restarts at once after a first crash.
  expect(isLooping).toEqual([false, false, false, true, true, true, true, true]);
});

test.each([
  [1, 30],
  [60, 130],
  [500, 610],
])("after a run of %d s the loop is over at %d s, once the new run has clearly outlived it", (ran, seconds) => {
  expect(crashLoop(back(2, ran))?.endsAtMs).toBe(t0 + seconds * 1000);
});

test("a crash now and then is no loop", () => {
  expect(crashLoop(back(7, 86_400))).toBeUndefined();
  expect(crashLoop({ name, restartCount: 7, state: ended(86_400) })).toBeUndefined();
  expect(crashLoop(back(1, 3))).toBeUndefined();
});

test("it tells how the container ended, and in the kubelet's words what could not even be started", () => {
  const killed = { name, restartCount: 3, state: ended(90, { exitCode: 137, reason: "OOMKilled" }) };
  expect(crashLoop(killed)?.message).toBe("restarted 3 times; ended last after 90 s with exit code 137 (OOMKilled)");
  expect(crashLoop(back(2, 0))?.message).toBe("restarted twice; ended last after 0 s with exit code 1");
  const message = 'exec: "/missing": no such file or directory';
  const never = { startedAt: "1970-01-01T00:00:00Z", finishedAt: at(0) };
  const unable = { terminated: { exitCode: 128, reason: "StartError", message, ...never } };
  expect(crashLoop({ name, restartCount: 1, lastState: unable, state: backOff })?.message).toBe(
    `restarted once; ended last with exit code 128 (StartError: ${message})`,
  );
  const refused = { waiting: { reason: "RunContainerError", message } };
  expect(crashLoop({ name, restartCount: 2, lastState: unable, state: refused })).toBeDefined();
});

test("what the kubelet knows nothing of any more is told in its words", () => {
  expect(crashLoop({ name, state: backOff })).toEqual({
    endsAtMs: Number.POSITIVE_INFINITY,
    message: "back-off 10s restarting failed container",
  });
  const lost = { terminated: { exitCode: 137, reason: "ContainerStatusUnknown", startedAt: null, finishedAt: null } };
  const found = { name, restartCount: 2, lastState: lost, state: { running: { startedAt: at(0) } } };
  expect(crashLoop(found)?.message).toBe("restarted twice; ended last with exit code 137 (ContainerStatusUnknown)");
});
