import type { Clock } from "../clock.ts";
import { cutToBytes } from "./dead-letter.ts";

/** How far an attempt is. */
export interface Progress {
  readonly fraction: number;
  readonly note?: string;
}

/** Passes progress on at the pace at which it is worth telling. */
export interface ProgressReports {
  /** @throws RangeError when `fraction` is not between 0 and 1. */
  report(fraction: number, note?: string): void;
  /** The handler has ended: what was not told yet never is, since the outcome says more. */
  end(): void;
}

const intervalMs = 1_000;

/** @throws RangeError when `fraction` is not a number from 0 to 1. */
export function checkFraction(fraction: unknown): void {
  if (typeof fraction === "number" && fraction >= 0 && fraction <= 1) return;
  throw new RangeError(`job.progress: fraction is ${String(fraction)}: expected a number from 0 to 1`);
}

/**
 * Tells the first report at once, and from then on the newest one at most once a second.
 *
 * @param tell resolves when it was told, or could not be; no other is told before. The signal is aborted in the end.
 */
export function createProgressReports(
  tell: (progress: Progress, signal: AbortSignal) => Promise<void>,
  clock: Clock,
): ProgressReports {
  const ending = new AbortController();
  let newest: Progress | undefined;
  let resting = false;
  let cancel: (() => void) | undefined;

  function next(): void {
    resting = false;
    if (newest === undefined || ending.signal.aborted) return;
    const progress = newest;
    newest = undefined;
    resting = true;
    void tell(progress, ending.signal).then(() => {
      if (!ending.signal.aborted) cancel = clock.after(intervalMs, next, { ref: false });
    });
  }

  return {
    report(fraction, note) {
      checkFraction(fraction);
      newest = note === undefined ? { fraction } : { fraction, note: shortened(note) };
      if (!resting) next();
    },
    end() {
      ending.abort();
      cancel?.();
    },
  };
}

// What is too large for the broker would close the channel that other jobs' outcomes are on their way over.
const maxNoteBytes = 2048;

function shortened(note: unknown): string {
  return cutToBytes(typeof note === "string" ? note : String(note), maxNoteBytes);
}
