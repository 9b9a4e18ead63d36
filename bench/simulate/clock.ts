/** Simulated time: what is to happen, in order. */
export interface Clock {
  readonly nowMs: number;
  /** Has something happen at a moment; what is due already happens next. Of the same moment, first come, first served. */
  at(atMs: number, happen: () => void): void;
  /** The same again and again, until it says that it is enough. */
  every(firstMs: number, intervalMs: number, happen: () => unknown): void;
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly happen: () => void;
}

/** A clock and the one who drives it: `runWhile` lets time pass as long as `goesOn` says so and something is to happen. */
export function createClock(fromMs: number): Clock & { runWhile(goesOn: () => boolean): void } {
  const heap: Event[] = [];
  let nowMs = fromMs;
  let order = 0;

  const clock = {
    get nowMs() {
      return nowMs;
    },
    at(atMs: number, happen: () => void) {
      push(heap, { atMs: Math.max(nowMs, atMs), order: order++, happen });
    },
    every(firstMs: number, intervalMs: number, happen: () => unknown) {
      clock.at(firstMs, () => {
        if (happen() !== "Enough") clock.every(firstMs + intervalMs, intervalMs, happen);
      });
    },
    runWhile(goesOn: () => boolean) {
      while (goesOn()) {
        const next = pop(heap);
        if (next === undefined) return;
        nowMs = next.atMs;
        next.happen();
      }
    },
  };
  return clock;
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** A binary heap: each event is before the two below it. */
function push(heap: Event[], event: Event): void {
  let place = heap.length;
  while (place > 0) {
    const above = (place - 1) >> 1;
    const other = heap[above];
    if (other === undefined || isBefore(other, event)) break;
    heap[place] = other;
    place = above;
  }
  heap[place] = event;
}

function pop(heap: Event[]): Event | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return first;
  let place = 0;
  for (;;) {
    const left = heap[2 * place + 1];
    const right = heap[2 * place + 2];
    const [below, child] =
      right !== undefined && left !== undefined && isBefore(right, left)
        ? [right, 2 * place + 2]
        : [left, 2 * place + 1];
    if (below === undefined || isBefore(last, below)) break;
    heap[place] = below;
    place = child;
  }
  heap[place] = last;
  return first;
}
