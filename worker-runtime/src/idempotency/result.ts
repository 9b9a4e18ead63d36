import { messageOf } from "../errors.ts";
import { ResultNotStorable } from "./errors.ts";

/** Longest result that is kept, in bytes of JSON: it is for the id of what was made, not for what was made. */
export const maxResultBytes = 65_536;

// What is stored is JSON, except these two, which no JSON text is.
const nothing = "";
const notStorable = "!";

/**
 * A result as it is stored.
 *
 * @throws ResultNotStorable when it is not JSON, or too large.
 */
export function writeResult(key: string, value: unknown): string {
  if (value === undefined) return nothing;
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new ResultNotStorable(`once "${key}": the result is not JSON: ${messageOf(error)}`);
  }
  if (text === undefined) throw new ResultNotStorable(`once "${key}": the result is not JSON: it is a ${typeof value}`);
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxResultBytes) return text;
  throw new ResultNotStorable(
    `once "${key}": the result has ${bytes} bytes of JSON: expected at most ${maxResultBytes}; return its id instead`,
  );
}

/** Stands for a result that cannot be stored. */
export function writeNotStorable(error: ResultNotStorable): string {
  return notStorable + error.message;
}

/**
 * A result as it was stored.
 *
 * @throws ResultNotStorable when it could not be.
 */
export function readResult(text: string): unknown {
  if (text === nothing) return undefined;
  if (text.startsWith(notStorable)) throw new ResultNotStorable(text.slice(notStorable.length));
  return JSON.parse(text);
}
