import { mkdirSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/**
 * How a run of a handler ended; absent when its process died first. `aborted`: it threw after its signal was aborted, as
 * the delivery was lost; nothing becomes of that but the redelivery.
 */
export type RunEnding = "done" | "failed" | "gave-up" | "later" | "aborted";

/** One run of a handler. Times are in ms since the Unix epoch, of one machine. */
export interface Run {
  readonly id: string;
  readonly attempt: number;
  /** Process id of its worker. */
  readonly pid: number;
  readonly startMs: number;
  readonly ending: RunEnding | undefined;
  readonly endMs: number | undefined;
  /** When the worker had done with it: its outcome was safe, or its delivery lost; undefined when its process died first. */
  readonly settledMs: number | undefined;
  /** How long the job then waits in the delay fabric, at most; 0 when it does not come back. */
  readonly delayMs: number;
}

/** One call of `enqueue`. */
export interface Sent {
  readonly id: string;
  /** Process id of its producer. */
  readonly pid: number;
  readonly sentMs: number;
  /** How long it is to wait in the delay fabric, from `sentMs` on; 0 for not at all. */
  readonly delayMs: number;
  /** When it resolved; undefined when it did not, or its process died first. */
  readonly acceptedMs: number | undefined;
  /** When it was rejected. */
  readonly refusedMs: number | undefined;
}

/**
 * An append-only file of one process. A line is with the kernel when `write` returns, so that it outlives the process,
 * however it ends.
 */
export function openJournal(folder: string, name: string): (...fields: (string | number)[]) => void {
  mkdirSync(folder, { recursive: true });
  const file = openSync(join(folder, `${name}.log`), "a");
  return (...fields) => void writeSync(file, `${fields.join(" ")}\n`);
}

/** All lines of the journals in a folder, split into their fields. */
export function* readJournals(folder: string, prefix: string): Generator<{ pid: number; fields: string[] }> {
  for (const file of readdirSync(folder).filter((name) => name.startsWith(prefix))) {
    const pid = Number(/(\d+)\.log$/.exec(file)?.[1]);
    for (const line of readFileSync(join(folder, file), "utf8").split("\n")) {
      if (line !== "") yield { pid, fields: line.split(" ") };
    }
  }
}

/** The runs that workers wrote of: `start <ms> <run> <id> <attempt>`, `end <ms> <run> <ending> <delay in ms>`, `settled <ms> <run>`. */
export function readRuns(folder: string): Run[] {
  const runs = new Map<string, Run>();
  for (const { pid, fields } of readJournals(folder, "worker-")) {
    const [what, ms, number, ...rest] = fields;
    const key = `${pid} ${number}`;
    if (what === "start") {
      const [id = "", attempt] = rest;
      const open = { ending: undefined, endMs: undefined, settledMs: undefined, delayMs: 0 };
      runs.set(key, { id, attempt: Number(attempt), pid, startMs: Number(ms), ...open });
      continue;
    }
    const run = runs.get(key);
    const [ending, delayMs] = rest;
    if (run === undefined) continue;
    if (what === "settled") runs.set(key, { ...run, settledMs: Number(ms) });
    else {
      runs.set(key, { ...run, ending: ending as RunEnding, endMs: Number(ms), delayMs: Number(delayMs) });
    }
  }
  return [...runs.values()];
}

/** What producers wrote of: `sent <ms> <id> <delay in ms>`, `accepted <ms> <id>`, `refused <ms> <id> <error>`. */
export function readSent(folder: string): Sent[] {
  const all = new Map<string, Sent>();
  for (const { pid, fields } of readJournals(folder, "producer-")) {
    const [what, ms, id = "", delayMs] = fields;
    if (what === "sent") {
      const open = { acceptedMs: undefined, refusedMs: undefined };
      all.set(id, { id, pid, sentMs: Number(ms), delayMs: Number(delayMs), ...open });
    }
    const sent = all.get(id);
    if (sent === undefined) continue;
    if (what === "accepted") all.set(id, { ...sent, acceptedMs: Number(ms) });
    if (what === "refused") all.set(id, { ...sent, refusedMs: Number(ms) });
  }
  return [...all.values()];
}
