import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { stateDirectory, statePath } from "./paths.ts";
import { processStat } from "./processes.ts";
import { report } from "./progress.ts";

const path = statePath("lock");

/** Runs a step while no other `up` or `down` on this machine runs; waits for one that does. */
export async function withLock<T>(step: () => Promise<T>): Promise<T> {
  mkdirSync(stateDirectory, { recursive: true, mode: 0o755 });
  const mine = `${process.pid} ${processStat(process.pid)?.startTime ?? ""}`;
  let waiting = false;
  while (!tryTake(mine)) {
    if (!waiting) report("Waiting for another `npm run cluster` to finish …");
    waiting = true;
    await delay(200);
  }
  try {
    return await step();
  } finally {
    rmSync(path, { force: true });
  }
}

function tryTake(mine: string): boolean {
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
