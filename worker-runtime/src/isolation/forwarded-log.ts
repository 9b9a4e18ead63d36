import type { Logger } from "pino";
import { type LoggerOptions, pino } from "pino";
import { errorField } from "../telemetry/error-field.ts";
import { readError } from "./wire-error.ts";

/** How a thread's log writes: what the worker's own log adds itself is left out. */
const bare: LoggerOptions = { base: null, timestamp: false, serializers: { err: errorField } };

/** A log whose lines go to `send`. */
export function forwardingLog(level: string, send: (line: string) => void): Logger {
  return pino({ ...bare, level }, { write: send });
}

/** Writes a line of {@link forwardingLog} to `log`, in that log's own format and with its bindings. */
export function forwardLine(line: string, log: Logger): void {
  const { level, msg, err, ...fields }: Record<string, unknown> = JSON.parse(line);
  const label = pino.levels.labels[Number(level)] ?? "info";
  const error = errorOf(err);
  const merged = error === undefined ? fields : { ...fields, err: error };
  const write = log[label as pino.Level];
  write.call(log, merged, typeof msg === "string" ? msg : undefined);
}

// As pino serialized it. An Error again, so that other formats find what they look for.
function errorOf(err: unknown): unknown {
  if (typeof err !== "object" || err === null || !("stack" in err) || !("message" in err)) return err;
  const { type, message, stack, ...rest } = err as Record<string, unknown>;
  const error = readError({
    type: "Error",
    name: String(type),
    message: String(message),
    stack: String(stack),
    properties: {},
    cause: undefined,
  });
  return Object.assign(error, rest);
}
