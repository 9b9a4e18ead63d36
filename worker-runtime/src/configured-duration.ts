import { parseDuration } from "./contract/index.ts";
import { DefinitionError, messageOf } from "./errors.ts";
import { shown } from "./shown.ts";

/** Timers of Node are 32-bit: a longer one would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * A duration that a user wrote in code, in ms: more than nothing, and no longer than a timer can wait (24 days).
 *
 * @param where what the message calls it, for example `defineJob "resize": timeout`.
 * @throws DefinitionError
 */
export function durationMs(where: string, text: string): number {
  if (typeof text !== "string")
    throw new DefinitionError(`${where} is ${shown(text)}: expected a duration such as 30s`);
  let ms: number;
  try {
    ms = parseDuration(text);
  } catch (error) {
    throw new DefinitionError(`${where}: ${messageOf(error)}`);
  }
  if (ms === 0 || ms > longestTimerMs) {
    throw new DefinitionError(`${where}: ${text} is out of range: expected more than 0 and at most 596h`);
  }
  return ms;
}
