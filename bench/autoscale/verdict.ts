import { spreadOf } from "../harness/statistics.ts";
import type { Row } from "./row.ts";

/** What the runs say of Jobwright against the others; a figure is left out where a run that it needs was not made. */
export interface Verdict {
  /** The burst's first start, less what a bare `kubectl scale` takes until a worker works, ms. */
  readonly firstStartOverScaleMs?: number;
  /** The burst's drain against the work divided among all workers, plus that start. */
  readonly drainVsIdeal?: number;
  /** The same against `kubectl scale` to all the workers at once. */
  readonly drainVsScale?: number;
  readonly stepsWaitP95Ms?: number;
  /** KEDA's set-ups with both a lower p95 wait and fewer pod-seconds on the steps. */
  readonly betterOnBoth?: readonly string[];
  /** Executions beyond one for each job, and jobs lost, in all of Jobwright's runs. */
  readonly repeated: number;
  readonly lost: number;
}

/** @param idealBurstMs the burst's work divided among all workers. */
export function verdictOf(rows: readonly Row[], idealBurstMs: number): Verdict {
  const of = (subject: string, trace: string) => rows.find((row) => row.subject === subject && row.trace === trace);
  const [scale, burst, steps] = [of("kubectl-scale", "single"), of("jobwright", "burst"), of("jobwright", "steps")];
  const all = of("kubectl-scale", "burst");
  const ours = rows.filter(({ subject }) => subject === "jobwright");
  return {
    ...(scale &&
      burst && {
        firstStartOverScaleMs: burst.firstStartMs - scale.firstStartMs,
        drainVsIdeal: burst.drainMs / (idealBurstMs + scale.firstStartMs),
      }),
    ...(all && burst && { drainVsScale: burst.drainMs / all.drainMs }),
    ...(steps && { stepsWaitP95Ms: steps.waitP95Ms, betterOnBoth: betterOnBoth(steps, rows) }),
    repeated: ours.reduce((sum, { repeated }) => sum + repeated, 0),
    lost: ours.reduce((sum, { lost }) => sum + lost, 0),
  };
}

function betterOnBoth(ours: Row, rows: readonly Row[]): string[] {
  return rows
    .filter(({ subject, trace }) => subject.startsWith("keda") && trace === ours.trace)
    .filter(({ waitP95Ms, podSeconds }) => waitP95Ms < ours.waitP95Ms && podSeconds < ours.podSeconds)
    .map(({ subject, config }) => `${subject}: ${config}`);
}

const counted = ["lost", "repeated"] as const satisfies (keyof Row)[];

/** One row for each subject, set-up and trace: medians over the rounds, but the sums of what must not be. */
export function overRounds(rows: readonly Row[]): Row[] {
  return [...Map.groupBy(rows, ({ subject, config, trace }) => `${trace} ${subject} ${config}`).values()].map(
    (runs) => {
      const over = (name: keyof Row) => {
        const values = runs.map((row) => row[name] as number);
        if (counted.some((one) => one === name)) return values.reduce((sum, value) => sum + value, 0);
        return Math.round(spreadOf(values).median);
      };
      const [first] = runs as [Row];
      const entries = Object.entries(first).map(([name, value]) =>
        typeof value === "string" ? [name, value] : [name, over(name as keyof Row)],
      );
      return Object.fromEntries(entries) as unknown as Row;
    },
  );
}
