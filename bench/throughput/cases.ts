/** One setting in which all subjects consume. */
export interface ConsumeCase {
  readonly handlerMs: number;
  readonly payloadBytes: number;
  readonly concurrency: number;
  /** Jobs a run: about half a second's worth, so that the whole matrix takes minutes. */
  readonly jobs: number;
}

/** One setting in which all subjects produce. */
export interface ProduceCase {
  readonly payloadBytes: number;
  readonly jobs: number;
}

export const sizes = [100, 4_096, 65_536] as const;
const concurrencies = [1, 10, 100] as const;

/** What a no-op consumer of this size does in a second, about: it only sets how long a run is. */
const aboutPerSecond: Record<(typeof sizes)[number], number> = { 100: 20_000, 4096: 14_000, 65536: 2_000 };
const runSeconds = 0.5;

/** The case that the closing line is about. */
export const headline: ConsumeCase = { handlerMs: 0, payloadBytes: 100, concurrency: 100, jobs: 20_000 };
export const headlineProduce: ProduceCase = { payloadBytes: 100, jobs: 20_000 };

export function consumeCases(): ConsumeCase[] {
  return [0, 5].flatMap((handlerMs) =>
    sizes.flatMap((payloadBytes) =>
      concurrencies.map((concurrency) => {
        if (isHeadline({ handlerMs, payloadBytes, concurrency })) return headline;
        return { handlerMs, payloadBytes, concurrency, jobs: jobsOf(handlerMs, payloadBytes, concurrency) };
      }),
    ),
  );
}

export function produceCases(): ProduceCase[] {
  return sizes.map((payloadBytes) =>
    payloadBytes === headlineProduce.payloadBytes
      ? headlineProduce
      : { payloadBytes, jobs: aboutPerSecond[payloadBytes] * runSeconds },
  );
}

function isHeadline(given: Pick<ConsumeCase, "handlerMs" | "payloadBytes" | "concurrency">): boolean {
  const { handlerMs, payloadBytes, concurrency } = headline;
  return given.handlerMs === handlerMs && given.payloadBytes === payloadBytes && given.concurrency === concurrency;
}

function jobsOf(handlerMs: number, payloadBytes: (typeof sizes)[number], concurrency: number): number {
  // A job at a time, many consumers wait for the network between two.
  const free = aboutPerSecond[payloadBytes] * (concurrency === 1 ? 0.3 : 1);
  const slotted = handlerMs === 0 ? Number.POSITIVE_INFINITY : (concurrency * 1000) / (handlerMs + 0.5);
  return Math.max(50, Math.round((Math.min(free, slotted) * runSeconds) / 10) * 10);
}
