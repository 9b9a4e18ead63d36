import { createBackoff } from "../broker/backoff.ts";
import { systemClock } from "../clock.ts";
import { StoreUnavailable } from "./errors.ts";

/** How long a store may take to answer: clients queue what they are told while they reconnect, for minutes even. */
export const storeTimeoutMs = 5_000;

const tooSlow: unique symbol = Symbol("too slow");

/**
 * Asks a store something, with a time limit.
 *
 * @param late told of an answer that came after the time limit.
 * @throws StoreUnavailable
 */
export async function ask<T>(
  key: string,
  call: () => Promise<T>,
  { late, timeoutMs = storeTimeoutMs }: { late?: (answer: T) => unknown; timeoutMs?: number } = {},
): Promise<T> {
  const limit = Promise.withResolvers<typeof tooSlow>();
  const cancel = systemClock.after(timeoutMs, () => limit.resolve(tooSlow), { ref: false });
  try {
    const answer = call();
    const first = await Promise.race([answer, limit.promise]);
    if (first !== tooSlow) return first;
    answer.then(late).catch(() => {});
  } catch (error) {
    throw new StoreUnavailable(key, "the store cannot be reached", error);
  } finally {
    cancel();
  }
  throw new StoreUnavailable(key, "the store cannot be reached", `no answer within ${timeoutMs / 1000} s`);
}

/**
 * Tells a store that work is done, again and again for `forMs`: a lease that runs out would have it done once more.
 *
 * @throws StoreUnavailable
 */
export async function insist<T>(key: string, forMs: number, call: () => Promise<T>): Promise<T> {
  const pause = createBackoff(100, 2_000);
  const untilMs = performance.now() + forMs;
  for (;;) {
    try {
      return await ask(key, call);
    } catch (error) {
      if (performance.now() >= untilMs) {
        const cause = error instanceof StoreUnavailable ? error.cause : error;
        throw new StoreUnavailable(key, "the work is done, but its mark could not be stored", cause);
      }
      await new Promise<void>((resolve) => {
        systemClock.after(pause.next(), resolve);
      });
    }
  }
}
