/** A listing may be as old as this many times what it took to make: at most a thirtieth of the time goes into looking. */
const ageFactor = 30;
/** Who is looked at again every 15 s gets a new listing each time. */
const longestMs = 10_000;

/**
 * What a broker listed, shared by all who look within a while, with what was changed since. One listing is made after the other:
 * of many who each want one of their own, those who ask while one is under way share the next.
 */
export interface Listing<T> {
  /** @param notBeforeMs only a listing that was begun then or later will do. */
  get(notBeforeMs?: number): Promise<T>;
  /** The next who asks gets a new one. */
  forget(): void;
  /**
   * Notes what we changed on the broker after it was changed there, so that nobody need look again. A listing that is being
   * made then, and may have come too early to show it, has it too.
   */
  note(change: (listed: T) => void): void;
}

interface Look<T> {
  /** Undefined as long as it waits for the one before it to end. */
  sinceMs: number | undefined;
  readonly result: Promise<T>;
  listed?: T;
  maxAgeMs: number;
}

/**
 * @param list makes a listing; failures are not kept.
 * @param shortestMs a listing may be so old in any case, counted from when it was begun. One of a big vhost takes the broker
 *   longer, and may be older: thirty times what it took, 10 s at most.
 */
export function createListing<T>(list: () => Promise<T>, shortestMs: number, now: () => number = Date.now): Listing<T> {
  let kept: Look<T> | undefined;
  /** Settles with the listing that is under way; undefined if none is. */
  let running: Promise<void> | undefined;
  /** Changes made while a listing is under way, for those who wait for it, though a newer one may be asked for already. */
  let madeMeanwhile: ((listed: T) => void)[] = [];

  async function make(look: Look<T>): Promise<T> {
    const sinceMs = now();
    look.sinceMs = sinceMs;
    madeMeanwhile = [];
    const making = list();
    const end = making.then(
      () => {},
      () => {},
    );
    running = end;
    try {
      const listed = await making;
      for (const change of madeMeanwhile) change(listed);
      look.listed = listed;
      look.maxAgeMs = Math.min(Math.max(shortestMs, ageFactor * (now() - sinceMs)), Math.max(shortestMs, longestMs));
      return listed;
    } catch (error) {
      if (kept === look) kept = undefined;
      throw error;
    } finally {
      if (running === end) running = undefined;
    }
  }

  function begin(): Look<T> {
    const { promise, resolve } = Promise.withResolvers<T>();
    const look: Look<T> = {
      ...{ sinceMs: undefined, result: promise, maxAgeMs: Number.POSITIVE_INFINITY },
    };
    resolve(running === undefined ? make(look) : running.then(() => make(look)));
    // Told to all who asked; nobody may be left by now.
    promise.catch(() => {});
    return look;
  }

  function isTooOld({ sinceMs, maxAgeMs }: Look<T>): boolean {
    return sinceMs !== undefined && now() - sinceMs >= maxAgeMs;
  }

  return {
    get(notBeforeMs = Number.NEGATIVE_INFINITY) {
      const isBefore = kept?.sinceMs !== undefined && kept.sinceMs < notBeforeMs;
      if (kept === undefined || isBefore || isTooOld(kept)) kept = begin();
      return kept.result;
    },
    forget() {
      // One that is yet to begin will show what was changed until then.
      if (kept?.sinceMs !== undefined) kept = undefined;
    },
    note(change) {
      if (running !== undefined) madeMeanwhile.push(change);
      if (kept?.listed !== undefined) change(kept.listed);
    },
  };
}
