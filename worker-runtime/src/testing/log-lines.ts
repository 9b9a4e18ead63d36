import { type Logger, pino } from "pino";
import { errorField } from "../telemetry/error-field.ts";

/** One line of a log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A log that keeps what it is told, of every level. */
export function keepingLog(): { log: Logger; lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const options = {
    level: "trace",
    base: null,
    timestamp: false,
    formatters: { level: (level: string) => ({ level }) },
    serializers: { err: errorField },
  };
  const log = pino(options, { write: (line: string) => void lines.push({ msg: "", ...JSON.parse(line) }) });
  return { log, lines };
}
