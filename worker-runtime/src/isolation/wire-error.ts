import * as errors from "../errors.ts";
import { GiveUp, isGiveUp, isRetryLater, RetryLater } from "../run/handler-outcome.ts";

/**
 * A thrown value on its way between threads. The structured clone alone would lose the class and the name of an error,
 * and refuse one that carries a function or a socket.
 */
export type WireError =
  | { readonly type: "RetryLater"; readonly afterMs: number; readonly input: unknown; readonly stack: string }
  | { readonly type: "GiveUp"; readonly message: string; readonly stack: string }
  | {
      readonly type: "Error";
      readonly name: string;
      readonly message: string;
      readonly stack: string;
      /** Own properties with plain values, such as `code`. */
      readonly properties: Readonly<Record<string, string | number | boolean>>;
      readonly cause: WireError | undefined;
    };

/** Causes of causes are followed so far: an error may be its own cause. */
const maxCauses = 10;

/** @param causes how many causes may still be followed. */
export function writeError(thrown: unknown, causes = maxCauses): WireError {
  const error = errors.asError(thrown);
  const stack = String(error.stack);
  if (isRetryLater(error)) return { type: "RetryLater", afterMs: error.afterMs, input: error.input, stack };
  if (isGiveUp(error)) return { type: "GiveUp", message: String(error.message), stack };
  const { cause } = error;
  return {
    type: "Error",
    name: String(error.name),
    message: String(error.message),
    stack,
    properties: plainProperties(error),
    cause: cause === undefined || causes === 0 ? undefined : writeError(cause, causes - 1),
  };
}

/** The error again: of its own class where the class is one of the runtime's or of JavaScript's. */
export function readError(wire: WireError): Error {
  switch (wire.type) {
    case "RetryLater":
      return withStack(new RetryLater({ after: `${wire.afterMs}ms`, input: wire.input }), wire.stack);
    case "GiveUp":
      return withStack(new GiveUp(wire.message), wire.stack);
    case "Error": {
      const { name, message, stack, properties, cause } = wire;
      const error = new Error(message, cause === undefined ? {} : { cause: readError(cause) });
      Object.setPrototypeOf(error, prototypeOf(name));
      Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
      return withStack(Object.assign(error, properties), stack);
    }
  }
}

const known: Readonly<Record<string, unknown>> = {
  ...errors,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
};

/** Of the class of that name; for a class of the user's, of one that is only called so, as logs show it. */
function prototypeOf(name: string): object {
  const found = known[name];
  if (typeof found === "function") return found.prototype;
  return name === "Error" ? Error.prototype : ({ [name]: class extends Error {} }[name]?.prototype ?? Error.prototype);
}

function withStack<E extends Error>(error: E, stack: string): E {
  error.stack = stack;
  return error;
}

function plainProperties(error: Error): Record<string, string | number | boolean> {
  try {
    const plain = Object.entries(error).filter(
      ([key, value]) => key !== "name" && ["string", "number", "boolean"].includes(typeof value),
    );
    return Object.fromEntries(plain);
  } catch {
    // A getter that throws. What the error says has been read without it.
    return {};
  }
}
