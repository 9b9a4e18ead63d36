import { type Logger, pino } from "pino";
import { until } from "./until.ts";

/** A log that the test reads. */
export interface MemoryLog {
  readonly log: Logger;
  readonly lines: Record<string, unknown>[];
  /** Waits for the first line whose message contains `words`. */
  said(words: string): Promise<Record<string, unknown>>;
}

export function memoryLog(): MemoryLog {
  const lines: Record<string, unknown>[] = [];
  return {
    lines,
    log: pino({ level: "info" }, { write: (line) => void lines.push(JSON.parse(line)) }),
    said: (words) => until(`a line "${words}"`, () => lines.find(({ msg }) => `${msg}`.includes(words))),
  };
}
