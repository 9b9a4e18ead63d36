import { BrokerError } from "./broker/index.ts";
import { ApiError, isInvalid, type Readiness } from "./kube/index.ts";

/**
 * Why an object is not as its spec says, in the user's words. Thrown by a reconcile's steps and turned into conditions.
 *
 * - `Stalled`: nothing more happens until the user mends something; it is looked at again now and then all the same,
 *   since what the user mends is often not the object itself.
 * - `Reconciling`: it may pass by itself, and is tried again soon.
 */
export class Problem extends Error {
  readonly state: Exclude<Readiness["state"], "Ready">;
  /** One CamelCase word, stable enough for programs. */
  readonly reason: string;

  constructor(state: Problem["state"], reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Problem";
    this.state = state;
    this.reason = reason;
  }
}

/** Several as one, that of the user's first; undefined where there is none. All are told. */
export function asOne(problems: readonly Problem[]): Problem | undefined {
  const first = problems.find(({ state }) => state === "Stalled") ?? problems[0];
  if (first === undefined) return undefined;
  const rest = problems.filter((problem) => problem !== first);
  return new Problem(first.state, first.reason, [first, ...rest].map(({ message }) => message).join(" "));
}

/** How soon an object with a problem is looked at again, ms: a stalled one as often as one that is well. */
export function retryProblemMs({ state }: Problem, refreshMs: number): number {
  return state === "Stalled" ? refreshMs : 3_000;
}

/** What a failed step says to the user; undefined if it is no problem of theirs, but a fault to be retried and logged. */
export function asProblem(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof BrokerError) {
    return new Problem(error.needsUser ? "Stalled" : "Reconciling", error.reason, error.message, { cause: error });
  }
  if (isInvalid(error) || isForbidden(error)) {
    return new Problem("Stalled", "RefusedByApiServer", error.message, { cause: error });
  }
  return undefined;
}

/** What a pass that failed says in the status, whatever it failed with. A plain object: a Problem has fields of its own. */
export function failureOf(error: unknown): Pick<Problem, "state" | "reason" | "message"> {
  const message = error instanceof Error ? error.message : String(error);
  const { state, reason } = asProblem(error) ?? { state: "Reconciling" as const, reason: "Failed" };
  return { state, reason, message };
}

function isForbidden(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 403;
}
