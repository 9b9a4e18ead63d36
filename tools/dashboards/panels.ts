// The kinds of panel that the dashboards are made of, each told in a few words. Grafana's own SDK writes their JSON.
import { PanelBuilder as BarGaugePanel } from "@grafana/grafana-foundation-sdk/bargauge";
import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphGradientMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  LineInterpolation,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  type DynamicConfigValue,
  MappingType,
  type Panel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatPanel } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as StateTimelinePanel } from "@grafana/grafana-foundation-sdk/statetimeline";
import { PanelBuilder as TablePanel } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TimeseriesPanel } from "@grafana/grafana-foundation-sdk/timeseries";
import { datasource } from "./variables.ts";

/** What every panel says of itself. */
interface Told {
  readonly title: string;
  /** What it shows and what to make of it: the tooltip of its title. */
  readonly description: string;
  /** Of 24 columns. */
  readonly width: number;
  readonly height?: number;
  /** Grafana's name of a unit, such as `s`, `percentunit`, `bytes`, `ops`. */
  readonly unit?: string;
}

/** From a value on, a colour. What is below the first is green. */
export type Steps = readonly (readonly [from: number, color: string])[];

/** A line a query: its legend, in which `{{label}}` stands for a label, and its expression. */
export type Lines = Readonly<Record<string, string>>;

function thresholds(steps: Steps, base = "green") {
  const all = [{ value: null, color: base }, ...steps.map(([value, color]) => ({ value, color }))];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(all);
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

function overTime(lines: Lines): Builder<Dataquery>[] {
  return Object.entries(lines).map(([legend, expression], index) =>
    new DataqueryBuilder()
      .refId(letters[index] ?? "")
      .expr(expression)
      .legendFormat(legend)
      .range()
      .datasource(datasource),
  );
}

function atOnce(expression: string, refId: string, format: PromQueryFormat): Builder<Dataquery> {
  return new DataqueryBuilder().refId(refId).expr(expression).instant().format(format).datasource(datasource);
}

const lastValue = () => new ReduceDataOptionsBuilder().calcs(["lastNotNull"]).values(false);

/** One figure, coloured by its thresholds, with its course behind it. */
export function stat(
  told: Told & {
    readonly query: string;
    readonly steps?: Steps;
    readonly text?: string;
    readonly mappings?: ValueMapping[];
  },
): Builder<Panel> {
  const { title, description, width, height = 4, unit = "short", query, steps = [], text, mappings = [] } = told;
  return new StatPanel()
    .title(title)
    .description(description)
    .span(width)
    .height(height)
    .unit(unit)
    .decimals(unit === "short" ? 0 : 1)
    .datasource(datasource)
    .mappings(mappings)
    .thresholds(thresholds(steps, text === undefined ? "green" : "text"))
    .colorMode(steps.length > 0 ? BigValueColorMode.Background : BigValueColorMode.Value)
    .graphMode(text === undefined ? BigValueGraphMode.Area : BigValueGraphMode.None)
    .textMode(text === undefined ? BigValueTextMode.Auto : BigValueTextMode.Name)
    .reduceOptions(lastValue())
    .noValue("–")
    .targets(overTime({ [text ?? title]: query }));
}

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

/** The greatest of many, as bars. */
export function bars(
  told: Told & { readonly legend: string; readonly query: string; readonly steps?: Steps },
): Builder<Panel> {
  const { title, description, width, height = 8, unit = "short", legend, query, steps = [] } = told;
  return new BarGaugePanel()
    .title(title)
    .description(description)
    .span(width)
    .height(height)
    .unit(unit)
    .min(0)
    .datasource(datasource)
    .thresholds(thresholds(steps))
    .displayMode(BarGaugeDisplayMode.Basic)
    .orientation(VizOrientation.Horizontal)
    .reduceOptions(lastValue())
    .targets(overTime({ [legend]: query }));
}

/** A column of figures in a table. */
export interface Column {
  readonly query: string;
  readonly unit?: string;
  /** Colours the cell. */
  readonly steps?: Steps;
  /** Words in the place of some values. */
  readonly words?: Readonly<Record<string, string>>;
}

/** A row for each combination of some labels, a column for each query. */
export function table(
  told: Told & {
    /** Labels that the queries share, by the titles of their columns. */
    readonly rows: Readonly<Record<string, string>>;
    readonly columns: Readonly<Record<string, Column>>;
    /** Title of the column that it is sorted by, greatest first. */
    readonly sortBy?: string;
    /** Links of a column's cells, by its title. */
    readonly links?: Readonly<Record<string, { readonly title: string; readonly url: string }>>;
    /** Says that nothing is wrong where there is no row. */
    readonly noValue?: string;
  },
): Builder<Panel> {
  const { title, description, width, height = 9, rows, columns, sortBy, links = {}, noValue = "–" } = told;
  const titles = Object.keys(columns);
  const valueName = (index: number) => (titles.length === 1 ? "Value" : `Value #${letters[index]}`);
  const order = [...Object.values(rows), ...titles.map((_, index) => valueName(index))];
  const names = { ...flipped(rows), ...Object.fromEntries(titles.map((name, index) => [valueName(index), name])) };
  const panel = new TablePanel()
    .title(title)
    .description(description)
    .span(width)
    .height(height)
    .datasource(datasource)
    .noValue(noValue)
    .filterable(true)
    .targets(
      Object.values(columns).map(({ query }, index) => atOnce(query, letters[index] ?? "", PromQueryFormat.Table)),
    )
    .withTransformation({ id: "merge", options: {} })
    .withTransformation({
      id: "organize",
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries(order.map((name, index) => [name, index])),
        renameByName: names,
      },
    });
  for (const [name, { unit, steps, words }] of Object.entries(columns)) {
    const properties: DynamicConfigValue[] = [];
    if (unit !== undefined) properties.push({ id: "unit", value: unit }, { id: "decimals", value: 1 });
    if (steps !== undefined) {
      properties.push(
        { id: "thresholds", value: thresholds(steps, "transparent").build() },
        { id: "custom.cellOptions", value: { type: "color-background", mode: "basic" } },
      );
    }
    if (words !== undefined) {
      const options = Object.fromEntries(Object.entries(words).map(([value, text], index) => [value, { text, index }]));
      properties.push({ id: "mappings", value: [{ type: MappingType.ValueToText, options }] });
    }
    if (properties.length > 0) panel.overrideByName(name, properties);
  }
  for (const [name, link] of Object.entries(links)) panel.overrideByName(name, [{ id: "links", value: [link] }]);
  return sortBy === undefined ? panel : panel.withTransformation(sorted(sortBy));
}

const sorted = (field: string) => ({ id: "sortBy", options: { sort: [{ field, desc: true }] } });

const flipped = (record: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [value, key]));
