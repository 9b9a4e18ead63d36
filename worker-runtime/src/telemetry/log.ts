import { type DestinationStream, type Logger, type LoggerOptions, pino } from "pino";
import type { LogFormat } from "../contract/index.ts";
import { errorField } from "./error-field.ts";

const options: LoggerOptions = {
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (label) => ({ level: label }) },
  serializers: { err: errorField },
};

/**
 * JSON lines on standard output, with the time in ISO 8601 and the level by its name.
 *
 * @param destination where else to write, for tests.
 */
export function createLog(level: string, destination?: DestinationStream, service = "jobwright-worker"): Logger {
  const all = { ...options, base: { service }, level };
  return destination === undefined ? pino(all) : pino(all, destination);
}

/** The same in the format that is asked for. What ECS needs is loaded only then. */
export async function openLog(level: string, format: LogFormat, destination?: DestinationStream): Promise<Logger> {
  if (format === "json") return createLog(level, destination);
  const { createEcsLog } = await import("./ecs-log.ts");
  return createEcsLog(level, destination);
}

/** What a log of {@link openLog} has where a handler's log must be another. */
export const handlersLog = Symbol("makes a handler's log");

/** The same log for a handler, whose fields keep their names. */
export function forHandler(log: Logger): Logger {
  const { [handlersLog]: make } = log as { [handlersLog]?: (log: Logger) => Logger };
  return make === undefined ? log : make(log);
}
