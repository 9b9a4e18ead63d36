import { messageOf } from "../errors.ts";
import type { Job } from "../job.ts";
import { checkValue } from "../message/schema.ts";

/** What a handler returned, as JSON has it, or why it is not what the job promises. */
export type CheckedOutput =
  /** `json` is undefined if there is nothing to be told. */
  { readonly ok: true; readonly json: unknown } | { readonly ok: false; readonly problem: string };

const nothing: CheckedOutput = { ok: true, json: undefined };

/**
 * Checks what a handler returned against the job's `output`, as others will read it: a Date, for one, as a string. The
 * output of a job that promises none is nobody's concern, so what JSON cannot say or a message cannot hold is left out
 * and does not fail the job. Never throws nor rejects; a promise only where the schema needs one.
 */
export function checkOutput(
  job: Pick<Job, "name" | "output">,
  returned: unknown,
  maxBytes: number,
): CheckedOutput | Promise<CheckedOutput> {
  let text: string | undefined;
  try {
    text = JSON.stringify(returned);
  } catch (error) {
    if (job.output === undefined) return nothing;
    const why = messageOf(error);
    return { ok: false, problem: `the output of "${job.name}" cannot be written as JSON: ${why}` };
  }
  const bytes = text === undefined ? 0 : Buffer.byteLength(text);
  if (bytes > maxBytes) {
    if (job.output === undefined) return nothing;
    const problem = `the output of "${job.name}" has ${bytes} bytes: expected at most ${maxBytes}; store it elsewhere and return where it is`;
    return { ok: false, problem };
  }
  if (job.output === undefined) return text === undefined ? nothing : { ok: true, json: returned };
  const json: unknown = text === undefined ? undefined : JSON.parse(text);
  const checked = checkValue(job.output, json, `the output of "${job.name}"`);
  const asOutput = (result: Awaited<typeof checked>): CheckedOutput => (result.ok ? { ok: true, json } : result);
  return checked instanceof Promise ? checked.then(asOutput) : asOutput(checked);
}
