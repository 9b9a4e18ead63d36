import { z } from "zod";
import { messageOf } from "../errors.ts";

/** A value that fits its schema, as the schema made it, or why it does not. */
export type Checked = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

// Whether a schema needs a promise somewhere, by its first value. Those that do not are parsed without one, which is
// several times faster. Never tried out on them the other way round: zod throws away the promise that it meets then, and
// a refinement that fails would be a rejection that nobody handles.
const needsPromise = new WeakMap<z.ZodType, boolean>();

/**
 * Checks a value that was read from JSON. Never throws nor rejects; a promise only where the schema needs one.
 *
 * @param what what the problem calls the value, for example `the input of "resize"`.
 */
export function checkValue(schema: z.ZodType, value: unknown, what: string): Checked | Promise<Checked> {
  try {
    if (needsPromise.get(schema) === false) return checked(schema.safeParse(value), what);
    if (needsPromise.get(schema) === undefined) {
      const first = schema._zod.run({ value, issues: [] }, { async: true });
      needsPromise.set(schema, first instanceof Promise);
      // Its outcome is of no interest: the value is checked once more below.
      if (first instanceof Promise) first.catch(() => {});
      else return checkValue(schema, value, what);
    }
  } catch (error) {
    // Only this value needs one, for example in one branch of a union.
    if (!(error instanceof z.core.$ZodAsyncError)) return threw(error, what);
    needsPromise.set(schema, true);
  }
  return checkLater(schema, value, what);
}

async function checkLater(schema: z.ZodType, value: unknown, what: string): Promise<Checked> {
  try {
    return checked(await schema.safeParseAsync(value), what);
  } catch (error) {
    return threw(error, what);
  }
}

function checked(parsed: z.ZodSafeParseResult<unknown>, what: string): Checked {
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, problem: `${what} does not fit its schema:\n${z.prettifyError(parsed.error)}` };
}

// A refinement or transform of the user's schema threw.
function threw(error: unknown, what: string): Checked {
  return {
    ok: false,
    problem: `the schema of ${what} threw: ${messageOf(error)}`,
  };
}
