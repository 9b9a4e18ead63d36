// Long-running programs that outlive the command that started them. Each has a record in the state directory; a process
// is only ever signalled when its record still matches it, so a pid that was reused by another program is never touched.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { statePath } from "./paths.ts";

export interface ProcessRecord {
  name: string;
  pid: number;
  /** Clock ticks after boot at which the process started (field 22 of /proc/<pid>/stat). */
  startTime: string;
  /** The kernel's id of this boot: start times of another boot mean nothing. */
  bootId: string;
  command: string[];
}

export interface ProcessSpec {
  name: string;
  command: string;
  args: readonly string[];
  env?: Record<string, string>;
  cwd?: string;
}

const recordPath = (name: string) => statePath("processes", `${name}.json`);

/** The log file of a process: stdout and stderr of every run, appended. */
export function logPath(name: string): string {
  return statePath("logs", `${name}.log`);
}

/** State letter and start time of a process, or undefined when there is none with this pid. */
export function processStat(pid: number): { state: string; startTime: string } | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the command's name in brackets and may hold spaces; everything after the last ")" is regular.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", startTime: fields[19] ?? "" };
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** Whether the recorded process itself (not a later one with its pid) still runs. A zombie does not. */
export function isRunning(record: ProcessRecord): boolean {
  const stat = processStat(record.pid);
  return (
    stat !== undefined &&
    stat.state !== "Z" &&
    stat.state !== "X" &&
    stat.startTime === record.startTime &&
    record.bootId === bootId()
  );
}

/** The record that the last start of this name left, whether or not the process still runs. */
export function readRecord(name: string): ProcessRecord | undefined {
  try {
    return JSON.parse(readFileSync(recordPath(name), "utf8")) as ProcessRecord;
  } catch {
    return undefined;
  }
}

/** The record of a process of this name that runs now. */
export function findRunning(name: string): ProcessRecord | undefined {
  const record = readRecord(name);
  return record !== undefined && isRunning(record) ? record : undefined;
}

/** Starts a program in a session of its own, with its output in its log file, and records it. */
export function startProcess(spec: ProcessSpec): ProcessRecord {
  mkdirSync(statePath("processes"), { recursive: true });
  mkdirSync(statePath("logs"), { recursive: true });
  const log = openSync(logPath(spec.name), "a");
  const child = spawn(spec.command, spec.args, {
    detached: true,
    stdio: ["ignore", log, log],
    cwd: spec.cwd ?? "/",
    env: { PATH: process.env.PATH, HOME: process.env.HOME, LANG: "C.UTF-8", ...spec.env },
  });
  closeSync(log);
  child.on("error", () => {}); // A failed start is reported below: the child has no pid.
  child.unref();
  const stat = child.pid === undefined ? undefined : processStat(child.pid);
  if (child.pid === undefined || stat === undefined) {
    throw new Error(`${spec.name}: ${spec.command} could not be started; is it installed?`);
  }
  const record: ProcessRecord = {
    name: spec.name,
    pid: child.pid,
    startTime: stat.startTime,
    bootId: bootId(),
    command: [spec.command, ...spec.args],
  };
  writeFileSync(recordPath(spec.name), JSON.stringify(record));
  return record;
}

/** Sends a signal to the recorded process, if it still runs. */
export function signalProcess(record: ProcessRecord, signal: NodeJS.Signals): void {
  if (!isRunning(record)) return;
  try {
    process.kill(record.pid, signal);
  } catch (error) {
    // It ended between the look and the signal.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Resolves to true once the process has ended, to false when it still runs after the time limit. */
export async function waitForExit(record: ProcessRecord, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isRunning(record)) {
    if (Date.now() > deadline) return false;
    await delay(20);
  }
  return true;
}

/** Ends a process: the signal first, SIGKILL when it still runs after `graceMs`. Removes its record. */
export async function stopProcess(name: string, graceMs = 10_000, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  const record = readRecord(name);
  if (record === undefined) return;
  signalProcess(record, signal);
  if (!(await waitForExit(record, graceMs))) {
    signalProcess(record, "SIGKILL");
    await waitForExit(record, 5_000);
  }
  rmSync(recordPath(name), { force: true });
}

/** The last lines of a process's log, for error messages. */
export function logTail(name: string, lines = 15): string {
  try {
    return readFileSync(logPath(name), "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "(no log)";
  }
}

/** Resident memory in bytes. */
export function residentBytes(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}
