import { PanelBuilder as BarGaugePanel } from "@grafana/grafana-foundation-sdk/bargauge";
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  VizOrientation,
} from "@grafana/grafana-foundation-sdk/common";
import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as StatPanel } from "@grafana/grafana-foundation-sdk/stat";
import { datasource } from "../variables.ts";
import { lastValue, now, overTime, type Steps, type Told, thresholds } from "./told.ts";

/** One figure, coloured by its thresholds, with its course behind it. */
export function stat(
  told: Told & {
    readonly query: string;
    readonly steps?: Steps;
    readonly text?: string;
  },
): Builder<Panel> {
  const { title, description, width, height = 4, unit = "short", query, steps = [], text } = told;
  return new StatPanel()
    .title(title)
    .description(description)
    .span(width)
    .height(height)
    .unit(unit)
    .decimals(unit === "short" ? 0 : 1)
    .datasource(datasource)
    .thresholds(thresholds(steps, text === undefined ? "green" : "text"))
    .colorMode(steps.length > 0 ? BigValueColorMode.Background : BigValueColorMode.Value)
    .graphMode(text === undefined ? BigValueGraphMode.Area : BigValueGraphMode.None)
    .textMode(text === undefined ? BigValueTextMode.Auto : BigValueTextMode.Name)
    .reduceOptions(lastValue())
    .noValue("–")
    .targets(text === undefined ? overTime({ [title]: query }) : [now(text, query)]);
}

/** The greatest of many, as bars. */
export function bars(told: Told & { readonly legend: string; readonly query: string }): Builder<Panel> {
  const { title, description, width, height = 8, unit = "short", legend, query } = told;
  return new BarGaugePanel()
    .title(title)
    .description(description)
    .span(width)
    .height(height)
    .unit(unit)
    .min(0)
    .datasource(datasource)
    .thresholds(thresholds([]))
    .displayMode(BarGaugeDisplayMode.Basic)
    .orientation(VizOrientation.Horizontal)
    .reduceOptions(lastValue())
    .targets([now(legend, query)]);
}
