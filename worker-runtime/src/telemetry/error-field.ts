import { stdSerializers } from "pino";
import { asError } from "../errors.ts";

/**
 * An error as a line of JSON log tells it. pino's own way writes to the error while it looks, and so throws at one that is
 * frozen, or whose getters throw: then the line, and with it the job's outcome, would be lost over how its failure is told.
 */
export function errorField(error: unknown): unknown {
  try {
    return error instanceof Error ? stdSerializers.err(error) : error;
  } catch {
    const { name: type, message, stack } = asError(error);
    return { type, message, stack };
  }
}
