import { describe, expect, test } from "vitest";
import { observeSaturation, type Saturation, saturationLimit, startSaturation } from "./saturation.ts";

/** A pool's work second by second: how many slots are busy, and what a run takes then. */
interface Second {
  readonly busy: number;
  readonly serviceSeconds: number;
  readonly backlog?: number;
}

/** A seeded random number in [0, 1). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/**
 * Runs jobs in slots that may change in number each second, and lets the state see the totals. Each run's length is drawn
 * by `lengthOf` when it begins. Returns the second in which growth was stopped first, if it was.
 */
function watch(
  seconds: number,
  at: (second: number, ceiling: number) => Second,
  { lengthOf = (mean: number) => mean, from = startSaturation(0) } = {},
) {
  const stepMs = 100;
  let state: Saturation = from;
  let runs: { startedMs: number; endsMs: number }[] = [];
  const fleet = { busySeconds: 0, ended: 0, lastEndAtMs: undefined as number | undefined };
  let longestRunSeconds = 0;
  const limits: { second: number; message: string; ceiling: number }[] = [];
  for (let ms = stepMs; ms <= seconds * 1_000; ms += stepMs) {
    const now = at(Math.floor(ms / 1_000), saturationLimit(state)?.ceiling ?? Number.POSITIVE_INFINITY);
    for (const run of runs.filter(({ endsMs }) => endsMs <= ms)) {
      fleet.ended += 1;
      fleet.lastEndAtMs = ms;
      longestRunSeconds = Math.max(longestRunSeconds, (ms - run.startedMs) / 1_000);
    }
    runs = runs.filter(({ endsMs }) => endsMs > ms);
    while (runs.length < now.busy) runs.push({ startedMs: ms, endsMs: ms + 1_000 * lengthOf(now.serviceSeconds) });
    fleet.busySeconds += (runs.length * stepMs) / 1_000;
    if (ms % 1_000 !== 0) continue;
    const oldestSeconds = Math.max(0, ...runs.map(({ startedMs }) => (ms - startedMs) / 1_000));
    const seen = { oldestSeconds, inFlight: runs.length, backlog: now.backlog ?? 100, replicas: now.busy };
    state = observeSaturation(state, { nowMs: ms, fleet, longestRunSeconds, ...seen });
    const limit = saturationLimit(state);
    if (limit !== undefined) limits.push({ second: ms / 1_000, message: limit.message, ceiling: limit.ceiling });
  }
  return { state, limits, first: limits[0] };
}

/** So many slots, that many after a minute. */
const growing = (before: number, after: number) => (second: number) => (second < 60 ? before : after);

describe("growth is stopped", () => {
  test("when twice the slots end no more runs, and more are tried again ever more seldom", () => {
    // What the jobs depend on does 20/s, whoever asks.
    const slots = growing(10, 40);
    const { first, limits } = watch(900, (second) => ({ busy: slots(second), serviceSeconds: slots(second) / 20 }));
    expect(first?.second).toBeGreaterThan(70);
    expect(first?.second).toBeLessThan(130);
    expect(first?.ceiling).toBe(40);
    expect(first?.message).toMatch(/^more than 40 workers get no more done/);
    // Twenty-five did the same, and are tried half as many again.
    const tried = limits.filter(({ ceiling }, index) => ceiling > (limits[index - 1]?.ceiling ?? 0) && index > 0);
    expect(tried.length).toBeGreaterThanOrEqual(2);
    expect(tried.length).toBeLessThanOrEqual(4);
  });

  test("and goes on once a try shows that more get more done", () => {
    const { first, limits } = watch(400, (second, ceiling) => {
      const busy = second < 60 ? 10 : Math.min(ceiling, second < 100 ? 40 : 100);
      return { busy, serviceSeconds: Math.max(0.5, busy / (second < 140 ? 20 : 1_000)) };
    });
    expect(first?.ceiling).toBe(40);
    expect(limits.at(-1)?.second).toBeLessThan(280);
  });

  test("when nothing ends any more that used to, and goes on when something does", () => {
    const { first, limits } = watch(300, (second) => ({ busy: 10, serviceSeconds: second < 60 ? 0.5 : 150 }));
    expect(first?.second).toBeGreaterThan(115);
    expect(first?.second).toBeLessThan(125);
    expect(first?.message).toMatch(/^no run has ended for 60s/);
    expect(limits.at(-1)?.second).toBeLessThan(215);
  });

  test("and workers go, where fewer get as much done; where they do not, all come back", () => {
    // As many as there may be: 40, and what the jobs depend on does 16/s.
    const grow = (second: number, ceiling: number) => Math.min(ceiling, growing(4, 40)(second));
    const sated = watch(400, (second, ceiling) => {
      const busy = grow(second, ceiling);
      return { busy, serviceSeconds: Math.max(0.5, busy / 16) };
    });
    expect(Math.min(...sated.limits.map(({ ceiling }) => ceiling))).toBeLessThanOrEqual(12);
    expect(sated.limits.filter(({ second, ceiling }) => second > 150 && ceiling > 18)).toEqual([]);
    // The jobs became longer as the workers came, and looked as if these slowed them down.
    const longer = watch(400, (second, ceiling) => ({
      busy: grow(second, ceiling),
      serviceSeconds: second < 60 ? 0.5 : 4.5,
    }));
    const few = longer.limits.filter(({ ceiling }) => ceiling < 40);
    expect(few.length).toBeLessThan(20);
    expect(longer.limits.filter(({ second }) => second > 250).every(({ ceiling }) => ceiling >= 40)).toBe(true);
  });

  test("no longer than jobs wait", () => {
    const slots = growing(10, 40);
    const busy = watch(150, (second) => ({ busy: slots(second), serviceSeconds: slots(second) / 20 }));
    expect(busy.limits.at(-1)?.second).toBe(150);
    const idle = observeSaturation(busy.state, {
      ...{ nowMs: 151_000, inFlight: 0, oldestSeconds: 0, backlog: 0, replicas: 40 },
      longestRunSeconds: 2,
      fleet: { busySeconds: 0, ended: 0, lastEndAtMs: 150_000 },
    });
    expect(saturationLimit(idle)).toBeUndefined();
  });
});

test("growth is not stopped for hours by one long run among short ones, though it makes the stretches long", () => {
  const slots = growing(10, 40);
  let { state } = watch(150, (second) => ({ busy: slots(second), serviceSeconds: slots(second) / 20 }));
  expect(saturationLimit(state)).toBeDefined();
  const { ended, busySeconds } = state.from;
  for (let second = 151; second < 2_200; second += 1) {
    const since = second - 150;
    const fleet = { ended: ended + 60 * since, busySeconds: busySeconds + 60 * since };
    state = observeSaturation(state, {
      ...{ nowMs: second * 1_000, inFlight: 60, oldestSeconds: 3_000, backlog: 100, replicas: 60 },
      longestRunSeconds: 3_600,
      fleet: { ...fleet, lastEndAtMs: second * 1_000 },
    });
  }
  expect(saturationLimit(state)).toBeUndefined();
});

describe("a limit that an earlier leader left", () => {
  const kept = { reason: "Saturated", ceiling: 40, message: "runs end no faster" } as const;

  test("holds until more were tried and got more done", () => {
    const { limits, first } = watch(400, (_, ceiling) => ({ busy: Math.min(ceiling, 60), serviceSeconds: 2 }), {
      from: startSaturation(0, kept),
    });
    expect(first).toEqual({ second: 1, message: kept.message, ceiling: 40 });
    expect(limits.filter(({ ceiling }) => ceiling === 40).length).toBeGreaterThanOrEqual(59);
    expect(limits.at(-1)?.ceiling).toBe(60);
    expect(limits.at(-1)?.second).toBeLessThan(250);
  });

  test("holds where more still get no more done, and then says so in its own words", () => {
    const busy = (ceiling: number) => Math.min(ceiling, 60);
    const { limits } = watch(400, (_, ceiling) => ({ busy: busy(ceiling), serviceSeconds: busy(ceiling) / 20 }), {
      from: startSaturation(0, kept),
    });
    expect(limits.at(-1)).toMatchObject({
      second: 400,
      message: expect.stringMatching(/^more than 40 workers .* after \d+m$/),
    });
  });

  test("holds as long as nothing ends, and no longer than jobs wait", () => {
    const silent = watch(4_000, () => ({ busy: 10, serviceSeconds: 1e6 }), { from: startSaturation(0, kept) });
    expect(silent.limits).toHaveLength(4_000);
    expect(
      watch(5, () => ({ busy: 0, serviceSeconds: 1, backlog: 0 }), { from: startSaturation(0, kept) }).limits,
    ).toEqual([]);
  });
});

describe("growth goes on", () => {
  const never = (outcome: ReturnType<typeof watch>) => expect(outcome.first).toBeUndefined();

  test("where throughput follows", () => {
    never(watch(600, (second) => ({ busy: Math.min(60, 2 + second / 10), serviceSeconds: 1 })));
    never(watch(300, (second) => ({ busy: growing(10, 40)(second), serviceSeconds: 0.5 })));
  });

  test("where the slots start one after the other, from none", () => {
    never(watch(300, (second) => ({ busy: Math.min(20, Math.max(0, Math.floor(second / 5) - 3)), serviceSeconds: 2 })));
  });

  test("where jobs are long, and the new slots have ended none yet", () => {
    const slots = (second: number) => (second < 400 ? 100 : 200);
    never(watch(1_200, (second) => ({ busy: slots(second), serviceSeconds: 60 })));
    never(watch(1_200, () => ({ busy: 20, serviceSeconds: 500 })));
  });

  test("where all jobs are long from the first, so that none has ended yet", () => {
    never(watch(500, (second) => ({ busy: Math.min(20, second), serviceSeconds: 600 })));
  });

  test("where fewer jobs wait than there are slots", () => {
    const slots = growing(10, 40);
    never(watch(300, (second) => ({ busy: slots(second), serviceSeconds: slots(second) / 20, backlog: 0 })));
  });

  test("where jobs became ten times as long", () => {
    // Pods take a moment to start: for so long the longer jobs are done by the slots that there were.
    const slots = (second: number) => (second < 62 ? 10 : 120);
    never(watch(300, (second) => ({ busy: slots(second), serviceSeconds: second < 60 ? 0.5 : 5 })));
  });

  test("where jobs became five times as long, and workers that had little to do before are all busy now", () => {
    const slots = (second: number) => (second < 60 ? 3 : second < 63 ? 5 : 20);
    never(
      watch(300, (second) => ({
        ...{ busy: slots(second), serviceSeconds: second < 60 ? 0.5 : 2.5 },
        backlog: second < 60 ? 0 : 100,
      })),
    );
  });

  test("where some jobs are long, and the first of them are under way", () => {
    // Nine of ten slots are full of long jobs when the first of these ends.
    let runs = 0;
    const slots = (second: number) => Math.min(30, 2 + Math.floor(second / 2));
    never(
      watch(300, (second) => ({ busy: slots(second), serviceSeconds: 1 }), {
        lengthOf: () => (runs++ > 30 && runs % 8 === 0 ? 45 : 1),
      }),
    );
  });

  test("under the noise of random lengths", () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const next = random(seed);
      const exponential = (mean: number) => -mean * Math.log(1 - next());
      const slots = (second: number) => (second < 120 ? 5 : second < 240 ? 12 : 40);
      never(watch(400, (second) => ({ busy: slots(second), serviceSeconds: 1 }), { lengthOf: exponential }));
      const mixed = () => (next() < 0.9 ? 1 : 45);
      never(watch(400, (second) => ({ busy: slots(second), serviceSeconds: 1 }), { lengthOf: mixed }));
    }
  });
});
