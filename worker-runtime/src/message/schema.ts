import { z } from "zod";

/** A value that fits its schema, as the schema made it, or why it does not. */
export type Checked = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

// Schemas that have turned out to need a promise somewhere. All others are parsed without one, which is several times
// faster.
const asynchronous = new WeakSet<z.ZodType>();

/**
 * Checks a value that was read from JSON. Never throws nor rejects; a promise only where the schema needs one.
 *
 * @param what what the problem calls the value, for example `the input of "resize"`.
 */
export function checkValue(schema: z.ZodType, value: unknown, what: string): Checked | Promise<Checked> {
  if (asynchronous.has(schema)) return checkLater(schema, value, what);
  try {
    return checked(schema.safeParse(value), what);
  } catch (error) {
    if (!(error instanceof z.core.$ZodAsyncError)) return threw(error, what);
    asynchronous.add(schema);
    return checkLater(schema, value, what);
  }
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
    problem: `the schema of ${what} threw: ${error instanceof Error ? error.message : String(error)}`,
  };
}
