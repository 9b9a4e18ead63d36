/** The broker was killed and started again. */
export interface Outage {
  /** Just before it was killed. */
  readonly fromMs: number;
  /** It had ended by then: what is sent from now on reaches its next life at the earliest. */
  readonly goneMs: number;
  /** It answers again. */
  readonly toMs: number;
}

/** What was done to the system. */
export interface Faults {
  /** When which process was killed, worker or producer, by process id. */
  readonly kills: ReadonlyMap<number, number>;
  /** In order of time. */
  readonly outages: readonly Outage[];
}

/** How much later than due a message may leave the delay fabric: whole seconds are counted there, and machines are busy. */
const lateMs = 3_000;

/** How many outages began during a time: each may have come between a message and its confirm. */
export function outagesBegun(outages: readonly Outage[], fromMs: number, toMs: number): number {
  return outages.filter((outage) => outage.fromMs <= toMs && outage.goneMs >= fromMs).length;
}

/**
 * How many of one message may leave the delay fabric. An outage while it waits there may double it, as the broker hands
 * it from level to level at least once, and makes it wait for longer: no level lets it go meanwhile. What happens after
 * that, in the backlog of the work queue, doubles nothing.
 *
 * @param outages in order of time.
 * @param fromMs when it was sent.
 * @param dueMs when it was to leave; undefined for a message that does not go through the fabric.
 */
export function copiesAfterDelay(outages: readonly Outage[], fromMs: number, dueMs: number | undefined): number {
  if (dueMs === undefined) return 1;
  let copies = 1;
  let untilMs = dueMs + lateMs;
  for (const outage of outages) {
    if (outage.goneMs < fromMs || outage.fromMs > untilMs) continue;
    copies *= 2;
    untilMs += outage.toMs - outage.fromMs;
  }
  return copies;
}
