import { setTimeout as sleep } from "node:timers/promises";
import type { Reading } from "./operator-process.ts";

/** After the last object is Ready some of it goes on: events are written, and every object has a pass of its refresh. */
const quietSeconds = 20;

/** Waits until the operator has written nothing for a while. */
export async function untilQuiet(read: () => Promise<Reading>): Promise<Reading> {
  let last = await read();
  for (let sinceMs = performance.now(); performance.now() - sinceMs < quietSeconds * 1000; ) {
    await sleep(1_000);
    const now = await read();
    if (now.apiWrites !== last.apiWrites) sinceMs = performance.now();
    last = now;
  }
  return last;
}
