/** A lane that has not answered within this time has no job, and the next one is asked as well. */
const answerMs = 50;

/**
 * Which lanes are asked for a job when slots become free and no job is at hand, as of long jobs. All at once would bring more than
 * can start, to be handed back, and the first that comes would start, whatever the weights are. So as many as slots are free, and one
 * more for each answer that does not come.
 */
export interface Asking {
  /**
   * How many lanes are asked by now, those whose turn it is first.
   *
   * @param freeSlots 0 or less ends the asking.
   */
  lanes(freeSlots: number, nowMs: number): number;
}

/** @param onNext called when one more lane is to be asked. */
export function createAsking(lanes: number, onNext: () => void): Asking {
  let sinceMs: number | undefined;
  let waiting = false;

  function askOneMore(): void {
    if (waiting) return;
    waiting = true;
    // A little longer, since timers may fire a trifle early.
    setTimeout(() => {
      waiting = false;
      if (sinceMs !== undefined) onNext();
    }, answerMs + 1).unref();
  }

  return {
    lanes(freeSlots, nowMs) {
      if (freeSlots <= 0) {
        sinceMs = undefined;
        return 0;
      }
      sinceMs ??= nowMs;
      const asked = Math.min(lanes, freeSlots + Math.floor((nowMs - sinceMs) / answerMs));
      if (asked < lanes) askOneMore();
      return asked;
    },
  };
}
