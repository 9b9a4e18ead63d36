/** A listing may be as old as this many times what it took to make: at most a tenth of the time goes into looking. */
const ageFactor = 10;
/** Who is looked at again every 15 s gets a new listing each time. */
const longestMs = 10_000;

/** What a broker listed, shared by all who look within a while, with what was changed since. */
export interface Listing<T> {
  get(): Promise<T>;
  /** The next who asks gets a new one. */
  forget(): void;
  /**
   * Notes what we changed on the broker after it was changed there, so that nobody need look again. A listing that is being
   * made then, and may have come too early to show it, has it too.
   */
  note(change: (listed: T) => void): void;
}

interface Look<T> {
  readonly sinceMs: number;
  readonly result: Promise<T>;
  /** Changes made while it is under way; undefined once it is there. */
  underWay: ((listed: T) => void)[] | undefined;
  listed?: T;
  maxAgeMs: number;
}

/**
 * @param list makes a listing; failures are not kept.
 * @param shortestMs a listing may be so old in any case, counted from when it was begun. One of a big vhost takes the broker
 *   longer, and may be older: ten times what it took, 10 s at most.
 */
export function createListing<T>(list: () => Promise<T>, shortestMs: number, now: () => number = Date.now): Listing<T> {
  let kept: Look<T> | undefined;

  function begin(): Look<T> {
    const sinceMs = now();
    const look: Look<T> = {
      sinceMs,
      underWay: [],
      maxAgeMs: Number.POSITIVE_INFINITY,
      result: list().then((listed) => {
        for (const change of look.underWay ?? []) change(listed);
        look.underWay = undefined;
        look.listed = listed;
        look.maxAgeMs = Math.min(Math.max(shortestMs, ageFactor * (now() - sinceMs)), Math.max(shortestMs, longestMs));
        return listed;
      }),
    };
    look.result.catch(() => {
      if (kept === look) kept = undefined;
    });
    return look;
  }

  return {
    get() {
      if (kept === undefined || now() - kept.sinceMs >= kept.maxAgeMs) kept = begin();
      return kept.result;
    },
    forget() {
      kept = undefined;
    },
    note(change) {
      if (kept?.underWay) kept.underWay.push(change);
      else if (kept?.listed !== undefined) change(kept.listed);
    },
  };
}
