import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { init } from "echarts";
import { colorAt, colorNamed } from "./colors.ts";
import { type Line, linesOf, type MarkedScope, timesOf } from "./data.ts";
import { niceBytes, withUnit } from "./units.ts";

/** A character of the legend is about so wide. */
const characterWidth = 6.6;
const legendGap = 34;
const legendRowHeight = 31;
const mostLegendRows = 2;

interface Drawn {
  readonly fillOpacity?: number;
  readonly lineInterpolation?: string;
  readonly stacking?: { readonly mode?: string };
}

/** Lines over time, drawn by Apache ECharts. */
export async function drawTimeSeries(panel: Panel, scope: MarkedScope, width: number, height: number): Promise<string> {
  const lines = await linesOf(panel, scope);
  const { unit, custom, thresholds } = panel.fieldConfig?.defaults ?? {};
  const drawn: Drawn = custom ?? {};
  const times = timesOf(scope.range).map((seconds) => seconds * 1_000);
  const legend = fittingLegend(lines, width - 20);
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: "inherit" },
    grid: { left: 8, right: 12, top: 10, bottom: 4 + legendRowHeight * legend.rows, containLabel: true },
    legend: {
      type: "plain",
      data: legend.names,
      bottom: 0,
      left: 4,
      itemWidth: 14,
      itemHeight: 3,
      icon: "rect",
      itemGap: legendGap - 14,
      textStyle: { fontSize: 11 },
    },
    xAxis: {
      type: "time",
      // Its labels tell no seconds.
      minInterval: 60_000,
      splitNumber: Math.floor(width / 110),
      axisLabel: { fontSize: 11, hideOverlap: true, formatter: "{HH}:{mm}" },
    },
    yAxis: {
      type: "value",
      min: 0,
      splitNumber: 4,
      ...(isWhole(drawn) ? { minInterval: 1 } : {}),
      ...(unit === "bytes" ? { interval: niceBytes(greatest(lines) / 4) } : {}),
      axisLabel: { fontSize: 11, formatter: (value: number) => withUnit(value, unit) },
      splitLine: { lineStyle: { color: "#e8e9eb" } },
    },
    series: lines.map((line, index) => seriesOf(line, index, { panel, drawn, times })),
  });
  const worst = thresholds?.steps.find(({ value, color }) => value !== null && color === "red")?.value;
  const limits = custom?.thresholdsStyle === undefined || worst === undefined ? [] : [worst ?? 0];
  const marks = [
    ...limits.map((yAxis) => ({ yAxis, lineStyle: { color: colorNamed("red"), width: 1 } })),
    ...scope.marks.map((seconds) => ({
      xAxis: seconds * 1_000,
      lineStyle: { color: colorNamed("blue"), width: 1, opacity: 0.6 },
    })),
  ];
  if (lines.length > 0 && marks.length > 0) {
    chart.setOption({ series: [{ markLine: { silent: true, symbol: "none", label: { show: false }, data: marks } }] });
  }
  const svg = chart.renderToSVGString();
  chart.dispose();
  // It is about the mouse.
  return svg.replace(/<style[\s\S]*?<\/style>\n?/, "");
}

/** As many of the names as two rows take; Grafana would let one scroll. */
function fittingLegend(lines: readonly Line[], width: number): { readonly names: string[]; readonly rows: number } {
  const names: string[] = [];
  let [rows, used] = [1, 0];
  for (const { name } of lines) {
    const wide = name.length * characterWidth + legendGap;
    if (used + wide > width) {
      rows += 1;
      used = 0;
    }
    if (rows > mostLegendRows) return { names, rows: mostLegendRows };
    used += wide;
    names.push(name);
  }
  return { names, rows };
}

/** Whole numbers are drawn as steps. */
const isWhole = ({ lineInterpolation }: Drawn) => lineInterpolation === "stepAfter";

function greatest(lines: readonly Line[]): number {
  return lines.reduce((most, { values }) => values.reduce<number>((max, value) => Math.max(max, value ?? 0), most), 0);
}

function seriesOf(
  { name, values }: Line,
  index: number,
  { panel, drawn, times }: { panel: Panel; drawn: Drawn; times: number[] },
) {
  const overridden = Object.fromEntries(
    (panel.fieldConfig?.overrides ?? [])
      .filter(({ matcher }) => matcher.options === name)
      .flatMap(({ properties }) => properties.map(({ id, value }) => [id, value])),
  );
  const color = colorNamed(overridden.color?.fixedColor ?? colorAt(index));
  const opacity = overridden["custom.fillOpacity"] ?? drawn.fillOpacity ?? 0;
  return {
    name,
    type: "line" as const,
    data: values.map((value, at) => [
      times[at] ?? 0,
      value === undefined || Number.isNaN(value) ? null : Number(value.toPrecision(4)),
    ]),
    showSymbol: false,
    // A point between two gaps would not be seen.
    connectNulls: false,
    ...(isWhole(drawn) ? { step: "end" as const } : {}),
    ...(drawn.stacking?.mode === "normal" ? { stack: "all" } : {}),
    color,
    lineStyle: {
      width: 1.5,
      type: overridden["custom.lineStyle"] === undefined ? ("solid" as const) : ("dashed" as const),
    },
    areaStyle: { opacity: opacity / 100 },
  };
}
