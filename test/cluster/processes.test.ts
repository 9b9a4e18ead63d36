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
  expect(isRunning(record)).toBe(true);
  signalProcess({ ...record, startTime: "1" }, "SIGKILL");
  signalProcess({ ...record, bootId: "another boot" }, "SIGKILL");
  expect(isRunning(record)).toBe(true);
  const ended = once(child, "exit");
  signalProcess(record, "SIGKILL");
  await ended;
  expect(isRunning(record)).toBe(false);
});
