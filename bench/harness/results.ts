import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { report } from "../../test/cluster/progress.ts";

/** The machine that figures belong to. */
export function machine() {
  const [first] = cpus();
  return {
    cpus: cpus().length,
    model: first?.model.trim() ?? "unknown",
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
}

/** Writes everything that a bench measured to `bench/results/<name>.json`. */
export function writeResults(name: string, measured: object): void {
  const path = join(import.meta.dirname, "..", "results", `${name}.json`);
  mkdirSync(dirname(path), { recursive: true });
  const text = JSON.stringify({ bench: name, at: new Date().toISOString(), machine: machine(), ...measured }, null, 2);
  writeFileSync(path, `${text}\n`);
  report(`All figures are in ${path}`);
}

/** A ratio or time with at most three digits after the point. */
export const rounded = (value: number): number => Math.round(value * 1000) / 1000;
