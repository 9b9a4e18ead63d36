/** One worker that was heard, as far as sharing a rate limit is concerned. Rates are jobs a second. */
export interface RateWorker {
  readonly pod: string;
  /** What it said that it keeps to; null for no limit. */
  readonly reported: number | null;
  /** Whether it may start jobs as things are. One that is cordoned and holds none may not. */
  readonly taking: boolean;
}

/** Commands that a worker has not yet been heard to follow. */
export interface Outstanding {
  readonly last: number;
  /** The highest of them: it may be at any of them now. */
  readonly highest: number;
}

export interface RateInput {
  /** For all workers together. */
  readonly limit: number;
  /** Into how many parts workers cut the limit until they are told theirs. */
  readonly shares: number;
  readonly workers: readonly RateWorker[];
  /** Workers that are not heard yet, pods asked for included. Each may begin at any moment, with such a part. */
  readonly unheard: number;
  /** From the last step. */
  readonly outstanding: ReadonlyMap<string, Outstanding>;
}

export interface RateShares {
  /** What to tell whom now. Repeated until it is heard to be followed. */
  readonly send: readonly { readonly pod: string; readonly rate: number }[];
  /** To pass to the next step. */
  readonly outstanding: ReadonlyMap<string, Outstanding>;
}

/**
 * One step towards equal shares of a rate limit, such that the rates that workers may keep to never add up to more than the
 * limit: shares are lowered first, and raised only by what was heard to be given up. Looks at what workers report and
 * not at what was sent, so a lost command or a restarted worker or operator mends itself.
 */
export function shareRate({ limit, shares, workers, unheard, outstanding }: RateInput): RateShares {
  const known = workers.map((worker) => ({ ...worker, ...holds(worker, outstanding.get(worker.pod)) }));
  const free = Math.max(0, limit - (unheard * limit) / shares);
  const taking = known.filter((worker) => worker.taking);
  const share = taking.length === 0 ? 0 : free / taking.length;
  const wants = (worker: RateWorker) => (worker.taking ? share : 0);
  const held = known.reduce((sum, { atMost }) => sum + atMost, 0);
  const missing = known.reduce((sum, worker) => sum + Math.max(0, wants(worker) - worker.atMost), 0);
  const granted = missing === 0 ? 0 : Math.min(1, Math.max(0, free - held) / missing);

  const send: { pod: string; rate: number }[] = [];
  const next = new Map<string, Outstanding>();
  for (const worker of known) {
    const { pod, atMost, pending } = worker;
    const lacking = wants(worker) - atMost;
    const rate = lacking > 0 ? worthwhile(atMost, atMost + lacking * granted, share) : wants(worker);
    if (same(rate, worker.reported) && pending === undefined) continue;
    send.push({ pod, rate });
    next.set(pod, { last: rate, highest: Math.max(rate, pending?.highest ?? 0) });
  }
  return { send, outstanding: next };
}

/** The highest rate at which a worker may be now, and the commands that it has yet to follow. */
function holds({ reported }: RateWorker, sent: Outstanding | undefined) {
  const pending = sent === undefined || same(sent.last, reported) ? undefined : sent;
  return { pending, atMost: Math.max(reported ?? Number.POSITIVE_INFINITY, pending?.highest ?? 0) };
}

/** A raise by less than a twentieth of a share is left until there is more to give. */
function worthwhile(from: number, to: number, share: number): number {
  return to - from >= share / 20 || same(to, share) ? to : from;
}

function same(a: number, b: number | null): boolean {
  return b !== null && Math.abs(a - b) <= 1e-6 * Math.max(a, b);
}
