import { LeaseLost } from "./errors.ts";

/** A lease that is renewed until it is stopped. */
export interface HeldLease {
  /** Aborted with {@link LeaseLost} when it is known that another has it, or could. */
  readonly signal: AbortSignal;
  stop(): void;
}

/**
 * Renews a lease that was just taken, three times within its length, and more often once a renewal has failed.
 *
 * @param askedMs when the store was asked for it, by `performance.now()`.
 * @param renew asks the store; false means that another holds the lease. An error means that the store is away.
 */
export function keepLease(options: {
  key: string;
  leaseMs: number;
  askedMs: number;
  renew: () => Promise<boolean>;
}): HeldLease {
  const { key, leaseMs, renew } = options;
  const lost = new AbortController();
  let stopped = false;
  // Counted from before the store was asked, so that it is over here no later than there.
  let endsMs = options.askedMs + leaseMs;
  let next: NodeJS.Timeout;
  let end: NodeJS.Timeout;

  function stop(): void {
    stopped = true;
    clearTimeout(next);
    clearTimeout(end);
  }

  function lose(): void {
    stop();
    lost.abort(new LeaseLost(key));
  }

  function watch(afterMs: number): void {
    next = setTimeout(() => void attempt(), afterMs);
    clearTimeout(end);
    end = setTimeout(lose, Math.max(0, endsMs - performance.now()));
    next.unref();
    end.unref();
  }

  async function attempt(): Promise<void> {
    const askedMs = performance.now();
    const answer = await renew().catch(() => undefined);
    if (stopped) return;
    if (answer === false) return lose();
    if (answer === true) endsMs = askedMs + leaseMs;
    watch(answer === true ? leaseMs / 3 : leaseMs / 10);
  }

  watch(Math.max(0, options.askedMs + leaseMs / 3 - performance.now()));
  return { signal: lost.signal, stop };
}
