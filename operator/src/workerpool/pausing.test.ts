import { expect, test } from "vitest";
import type { PodView, WorkerReport } from "../autoscaling/signals.ts";
import { observePausing } from "./pausing.ts";

const pod = (name: string, changes: Partial<PodView> = {}): PodView => ({
  ...{ name, phase: "Running", ready: true, deleting: false, createdAtMs: 0, processRunning: true },
  ...changes,
});
const report = (changes: Partial<WorkerReport> = {}): WorkerReport => ({
  ...{ state: "Running", busy: 0, held: 0, heardAtMs: 0, fresh: true, paused: false },
  ...changes,
});

test("those that report otherwise are told, cordoned ones too, until they report that they follow", () => {
  const pods = [pod("a"), pod("b"), pod("c")];
  const reports = new Map([
    ["a", report()],
    ["b", report({ paused: true })],
    ["c", report({ state: "Cordoned" })],
  ]);
  expect(observePausing(true, pods, reports)).toEqual({ paused: true, yet: ["a", "c"], unable: [] });
  expect(observePausing(false, pods, reports)).toEqual({ paused: false, yet: ["b"], unable: [] });
});

test("workers that end are told nothing", () => {
  const pods = [pod("a"), pod("b", { deleting: true }), pod("c", { processRunning: false })];
  const reports = new Map([
    ["a", report({ state: "Stopping" })],
    ["b", report()],
    ["c", report()],
  ]);
  expect(observePausing(true, pods, reports)).toEqual({ paused: true, yet: [], unable: [] });
});

test("a worker that says nothing of pausing cannot be told; one that has only just started may say it yet", () => {
  const { paused, ...older } = report();
  const pods = [pod("older"), pod("stranger"), pod("starting", { ready: false })];
  expect(observePausing(true, pods, new Map([["older", older]]))).toEqual({
    paused: true,
    yet: [],
    unable: ["older", "stranger"],
  });
});
