import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { timeseries } from "./panels/over-time.ts";
import { runs } from "./promql.ts";

/** By how a run ended. */
const colors = {
  done: "green",
  retried: "yellow",
  postponed: "#8ab8ff",
  failed: "red",
  handed_back: "blue",
  deferred: "purple",
  lost: "orange",
} as const;

/** The panel of how the runs of the workers that `selector` takes end. */
export function runsByOutcome(selector: string): Builder<Panel> {
  return timeseries({
    title: "Runs per second, by outcome",
    description:
      "retried: failed, and is tried again. postponed: put off by its handler. failed: for good, dead-lettered. handed_back and lost: another worker runs it. deferred: sent away for a while by its own rate limit.",
    width: 12,
    unit: "ops",
    lines: { "{{outcome}}": runs(selector, "outcome") },
    stacked: true,
    colors,
  });
}
