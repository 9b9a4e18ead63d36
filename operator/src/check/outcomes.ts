import { setTimeout as pause } from "node:timers/promises";

/** One thing that must be so. */
export interface Step {
  readonly what: string;
  /** Says what it found. @throws Error with what is wrong and how to mend it. */
  look(): Promise<string>;
}

/** What a step came to, as a line for people. */
export interface Outcome {
  readonly holds: boolean;
  readonly line: string;
}

/** Looks at all steps, and again at each that does not hold, for so long at most: what was just installed takes a moment. */
export function outcomesOf(steps: readonly Step[], limitMs: number, betweenMs = 1_000): Promise<Outcome[]> {
  const giveUpAt = performance.now() + limitMs;
  async function outcomeOf({ what, look }: Step): Promise<Outcome> {
    for (;;) {
      try {
        return { holds: true, line: `ok      ${what}: ${await look()}` };
      } catch (error) {
        const said = error instanceof Error ? error.message : String(error);
        if (performance.now() + betweenMs > giveUpAt) return { holds: false, line: `FAILED  ${what}: ${said}` };
        await pause(betweenMs);
      }
    }
  }
  return Promise.all(steps.map(outcomeOf));
}
