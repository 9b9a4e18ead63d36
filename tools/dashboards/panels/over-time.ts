import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  GraphGradientMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  LineInterpolation,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import type { Panel, ValueMapping } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as StateTimelinePanel } from "@grafana/grafana-foundation-sdk/statetimeline";
import { PanelBuilder as TimeseriesPanel } from "@grafana/grafana-foundation-sdk/timeseries";
import { datasource } from "../variables.ts";
import { type Lines, overTime, type Steps, type Told, thresholds } from "./told.ts";

/** Lines over time. */
export function timeseries(
  told: Told & {
    readonly lines: Lines;
    readonly stacked?: boolean;
    /** Lines that are no measurement but what one is compared with: dashed, by their legends. */
    readonly dashed?: readonly string[];
    /** Fixed colours by legend. */
    readonly colors?: Readonly<Record<string, string>>;
    /** A line across the panel where it turns bad. */
    readonly steps?: Steps;
    /** Whole numbers: drawn as steps. */
    readonly whole?: boolean;
  },
): Builder<Panel> {
  const {
    title,
    description,
    width,
    height = 8,
    unit = "short",
    lines,
    stacked,
    dashed = [],
    colors = {},
    steps,
    whole,
  } = told;
  const panel = new TimeseriesPanel()
    .title(title)
    .description(description)
    .span(width)
    .height(height)
    .unit(unit)
    .min(0)
    .datasource(datasource)
    .lineWidth(1)
    .fillOpacity(stacked ? 40 : 8)
    .gradientMode(GraphGradientMode.None)
    .showPoints(VisibilityMode.Never)
    .lineInterpolation(whole ? LineInterpolation.StepAfter : LineInterpolation.Linear)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs([]),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .targets(overTime(lines));
  if (stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group("A"));
  if (steps !== undefined) {
    panel.thresholds(thresholds(steps, "transparent"));
    panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  }
  for (const legend of dashed) {
    panel.overrideByName(legend, [
      { id: "custom.lineStyle", value: { fill: "dash", dash: [8, 6] } },
      { id: "custom.fillOpacity", value: 0 },
    ]);
  }
  for (const [legend, color] of Object.entries(colors)) {
    panel.overrideByName(legend, [{ id: "color", value: { mode: "fixed", fixedColor: color } }]);
  }
  return panel;
}

/** Which state something is in, over time: a bar a series. */
export function states(told: Told & { readonly lines: Lines; readonly mappings?: ValueMapping[] }): Builder<Panel> {
  const { title, description, width, height = 6, lines, mappings = [] } = told;
  return new StateTimelinePanel()
    .title(title)
    .description(description)
    .span(width)
    .height(height)
    .datasource(datasource)
    .mappings(mappings)
    .thresholds(thresholds([]))
    .fillOpacity(70)
    .lineWidth(0)
    .mergeValues(true)
    .showValue(mappings.length > 0 ? VisibilityMode.Auto : VisibilityMode.Never)
    .rowHeight(0.85)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(false)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    )
    .targets(overTime(lines));
}
