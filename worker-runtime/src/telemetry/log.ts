import { type Logger, pino } from "pino";

/** JSON lines on standard output, with the time in ISO 8601 and the level by its name. */
export function createLog(level: string): Logger {
  return pino({
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}
