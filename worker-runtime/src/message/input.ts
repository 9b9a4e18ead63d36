import type { Job } from "../job.ts";
import { type Checked, checkValue } from "./schema.ts";

type InputOf = Pick<Job, "name" | "input">;

/** A body read as a job's input, or the reason why it is none. */
export type ReadInput =
  | { readonly ok: true; readonly input: unknown }
  | { readonly ok: false; readonly problem: string };

/** An input as a message's body, or the reason why it cannot be one. */
export type WrittenInput =
  | { readonly ok: true; readonly content: Buffer }
  | { readonly ok: false; readonly problem: string };

/** Reads a message's body as JSON and checks it against the job's schema. Never throws; a promise only where the schema needs one. */
export function parseInput(job: InputOf, content: Buffer): ReadInput | Promise<ReadInput> {
  let value: unknown;
  try {
    value = JSON.parse(content.toString("utf8"));
  } catch (error) {
    return { ok: false, problem: `the body is not JSON: ${messageOf(error)}` };
  }
  const checked = checkValue(job.input, value, `the input of "${job.name}"`);
  return checked instanceof Promise ? checked.then(asRead) : asRead(checked);
}

function asRead(checked: Checked): ReadInput {
  return checked.ok ? { ok: true, input: checked.value } : checked;
}

/**
 * Writes an input as JSON and checks what a worker will read: a Date, for one, arrives as a string. Sent is the input
 * as it was given, since the worker's schema transforms it there. Never throws.
 */
export async function writeInput(job: InputOf, input: unknown): Promise<WrittenInput> {
  let text: string | undefined;
  try {
    text = JSON.stringify(input);
  } catch (error) {
    return { ok: false, problem: `the input of "${job.name}" cannot be written as JSON: ${messageOf(error)}` };
  }
  if (text === undefined) {
    return { ok: false, problem: `the input of "${job.name}" is ${typeof input}, which JSON has no word for` };
  }
  const content = Buffer.from(text);
  const read = await parseInput(job, content);
  return read.ok ? { ok: true, content } : read;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
