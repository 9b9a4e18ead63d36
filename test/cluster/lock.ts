import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { statePath } from "./paths.ts";
import { processStat } from "./processes.ts";
import { report } from "./progress.ts";

/** Runs a step while no other `up` or `down` on this machine runs; waits for one that does. */
export function withClusterLock<T>(step: () => Promise<T>): Promise<T> {
  return withLock(statePath("lock"), "another `npm run cluster`", step);
}

/**
 * Runs a step while no other process on this machine runs one with the same lock; waits for one that does.
 * @param path of the lock's file: it is there while the lock is held.
 * @param holder who may have it, for the message that tells of the wait.
 */
export async function withLock<T>(path: string, holder: string, step: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const mine = `${process.pid} ${processStat(process.pid)?.startTime ?? ""}`;
  let waiting = false;
  while (!tryTake(path, mine)) {
    if (!waiting) report(`Waiting for ${holder} to finish …`);
    waiting = true;
    await delay(200);
  }
  try {
    return await step();
  } finally {
    rmSync(path, { force: true });
  }
}

function tryTake(path: string, mine: string): boolean {
  try {
    writeFileSync(path, mine, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  // Its holder may have been killed: then nobody will ever remove it.
  let holder: string;
  try {
    holder = readFileSync(path, "utf8");
  } catch {
    return false;
  }
  const [pid = "", startTime = ""] = holder.split(" ");
  if (pid !== "" && processStat(Number(pid))?.startTime !== startTime) rmSync(path, { force: true });
  return false;
}
