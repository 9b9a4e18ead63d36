import { renderTable } from "../harness/table.ts";
import { type Measured, measuredKeda } from "./measured.ts";
import { runTrace } from "./run.ts";
import { keda, kedaDefaults, kedaTuned } from "./subjects/keda.ts";
import type { Trace } from "./trace.ts";

/** Where in their intervals KEDA's poll and the HPA's sync fall is chance, so each is tried at so many moments. */
const moments = [0.1, 0.3, 0.5, 0.7, 0.9];

/** A figure of the model over all moments. */
interface Range {
  readonly least: number;
  readonly most: number;
}

export interface Comparison {
  readonly measured: Measured;
  readonly waitP95Ms: Range;
  readonly podSeconds: Range;
}

/** What KEDA did on the cluster beside what its model does on the same jobs. */
export function compareWithKeda(traces: readonly Trace[]): Comparison[] {
  return measuredKeda.flatMap((measured) => {
    const trace = traces.find(({ name }) => name === measured.trace);
    return trace === undefined ? [] : [compare(trace, measured)];
  });
}

function compare(trace: Trace, measured: Measured): Comparison {
  const config = { ...(measured.tuned ? kedaTuned : kedaDefaults), queueLength: measured.queueLength };
  const outcomes = moments.flatMap((poll) =>
    moments.map((sync) => runTrace(trace, keda("keda", config, { phase: { poll, sync } }), 1)),
  );
  return {
    measured,
    waitP95Ms: rangeOf(outcomes.map(({ waitP95Ms }) => waitP95Ms)),
    podSeconds: rangeOf(outcomes.map(({ podSeconds }) => podSeconds)),
  };
}

function rangeOf(values: readonly number[]): Range {
  return { least: Math.min(...values), most: Math.max(...values) };
}

export function comparisonTable(comparisons: readonly Comparison[]): string {
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  return renderTable([
    ["KEDA", "trace", "p95 s", "model", "pod-s", "model"],
    ...comparisons.map(({ measured, waitP95Ms, podSeconds }) => [
      measured.tuned ? `tuned, queueLength ${measured.queueLength}` : "default",
      measured.trace,
      seconds(measured.waitP95Ms),
      `${seconds(waitP95Ms.least)} to ${seconds(waitP95Ms.most)}`,
      String(measured.podSeconds),
      `${podSeconds.least.toFixed(0)} to ${podSeconds.most.toFixed(0)}`,
    ]),
  ]);
}
