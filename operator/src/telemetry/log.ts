import { type Logger, pino } from "pino";

/** JSON logs on stdout, one object a line. */
export function createLog(level: string): Logger {
  return pino({ level, base: { service: "jobwright-operator" }, timestamp: pino.stdTimeFunctions.isoTime });
}
