import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isRunning, type ProcessRecord, processStat, signalProcess } from "./processes.ts";

function recordOf(pid: number): ProcessRecord {
  return {
    name: "sleep",
    pid,
    startTime: processStat(pid)?.startTime ?? "",
    bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    command: ["sleep"],
  };
}

test("a process is never signalled under a record of an earlier one that had its pid", async () => {
  const child = spawn("sleep", ["60"]);
  await once(child, "spawn");
  const record = recordOf(child.pid ?? 0);
  const ofEarlierOnes = [
    { ...record, startTime: "1" },
    { ...record, bootId: "another boot" },
  ];
  expect(isRunning(record)).toBe(true);
  expect(ofEarlierOnes.map(isRunning)).toEqual([false, false]);
  for (const earlier of ofEarlierOnes) signalProcess(earlier, "SIGKILL");
  const exit = once(child, "exit");
  signalProcess(record, "SIGTERM");
  // Had one of the first signals been sent, the process would have ended by it.
  expect(await exit).toEqual([null, "SIGTERM"]);
  expect(isRunning(record)).toBe(false);
});
