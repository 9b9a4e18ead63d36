import type { ConsumerSession } from "./consumer-session.ts";

/**
 * How much of a queue a worker wants:
 * - `Window`: at most `unsettled` deliveries at a time, running ones included, so that one comes for each that is acked.
 *   `brisk` says that jobs are short: what an ended consumer still has may then come on top for a moment.
 * - `Fetch`: `more` deliveries beside those that have come, and no more by themselves: for jobs that are long, or that
 *   may not start as they come. While some are on their way, more are asked for only when `batch` are missing.
 */
export type Want =
  | { readonly type: "Window"; readonly unsettled: number; readonly brisk: boolean }
  | { readonly type: "Fetch"; readonly more: number; readonly batch: number };

export const nothing: Want = { type: "Fetch", more: 0, batch: 1 };

export function isNothing(want: Want): boolean {
  return want.type === "Fetch" && want.more <= 0;
}

export function isSameWant(a: Want, b: Want): boolean {
  if (a.type === "Window") return b.type === "Window" && a.unsettled === b.unsettled && a.brisk === b.brisk;
  return b.type === "Fetch" && a.more === b.more && a.batch === b.batch;
}

/** What is known of a consumer. */
export type Taking = Pick<ConsumerSession, "prefetch" | "once" | "consuming" | "received" | "taken">;

/** More consumers than this are put together into one, where that is cheap. */
const mostConsumers = 4;

/** About so many consumers take the places of an ended one. Each keeps a channel for as long as it is wanted. */
const mostSuccessors = 20;

/** Consumers that make more, or other, than is wanted. */
export function superfluous<Session extends Taking>(wanted: Want, sessions: readonly Session[]): Session[] {
  const consuming = sessions.filter((session) => session.consuming);
  // Also those that have got all they asked for: until the broker has heard it, an ack may bring one more.
  if (isNothing(wanted)) return consuming;
  if (wanted.type === "Fetch") {
    // A few too many that are on their way do no harm; to call them back would cost more.
    const tolerated = wanted.more * 2;
    let awaited = 0;
    return consuming.filter((session) => {
      awaited += awaitedBy(session);
      return !session.once || awaited > tolerated;
    });
  }
  const others = consuming.filter((session) => session.once);
  const windows = consuming.filter((session) => !session.once).sort((a, b) => b.prefetch - a.prefetch);
  if (wanted.brisk && windows.length > mostConsumers) return [...others, ...windows.slice(1)];
  let claimed = wanted.brisk ? 0 : takenByEnded(sessions);
  const tooMuch = windows.filter((session) => {
    if (claimed + session.prefetch > wanted.unsettled) return true;
    claimed += session.prefetch;
    return false;
  });
  return [...others, ...tooMuch];
}

/** The prefetch of the consumer that is missing; 0 or less if none is. */
export function missingFrom(wanted: Want, sessions: readonly Taking[]): number {
  const consuming = sessions.filter((session) => session.consuming);
  if (wanted.type === "Fetch") {
    const awaited = consuming.reduce((sum, session) => sum + awaitedBy(session), 0);
    const missing = wanted.more - awaited;
    return awaited > 0 && missing < wanted.batch ? 0 : missing;
  }
  const unclaimed = consuming.reduce((left, session) => left - session.prefetch, wanted.unsettled);
  if (wanted.brisk) return unclaimed;
  const taken = takenByEnded(sessions);
  const missing = unclaimed - taken;
  // Places that are given back one by one wait for each other, but not for more runs than are left.
  return missing < Math.min(taken, wanted.unsettled / mostSuccessors) ? 0 : missing;
}

/** Deliveries on their way. None is, of a consumer that got more than it asked for because one was acked meanwhile. */
function awaitedBy({ prefetch, received }: Taking): number {
  return Math.max(0, prefetch - received);
}

/** Deliveries of consumers that take no more, not yet over. */
function takenByEnded(sessions: readonly Taking[]): number {
  return sessions.reduce((sum, session) => sum + (session.consuming ? 0 : session.taken), 0);
}
