import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { init } from "echarts";
import { colorAt, colorNamed } from "./colors.ts";
import { type Line, linesOf, type Scope, timesOf } from "./data.ts";
import { niceBytes, withUnit } from "./units.ts";

/** A character of the legend is about so wide. */
const characterWidth = 6.6;
const legendGap = 34;

interface Drawn {
  readonly fillOpacity?: number;
  readonly lineInterpolation?: string;
  readonly stacking?: { readonly mode?: string };
}

/** Lines over time, drawn by Apache ECharts. */
export async function drawTimeSeries(panel: Panel, scope: Scope, width: number, height: number): Promise<string> {
  const lines = await linesOf(panel, scope);
  const { unit, custom, thresholds } = panel.fieldConfig?.defaults ?? {};
  const drawn: Drawn = custom ?? {};
  const times = timesOf(scope.range).map((seconds) => seconds * 1_000);
  const legendWidth = lines.reduce((sum, { name }) => sum + name.length * characterWidth + legendGap, 0);
  const legendRows = Math.ceil(legendWidth / (width - 20));
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: "inherit" },
    grid: { left: 8, right: 12, top: 10, bottom: 14 + 19 * legendRows, containLabel: true },
    legend: {
      type: "plain",
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
      splitNumber: Math.floor(width / 110),
      axisLabel: { fontSize: 11, hideOverlap: true, formatter: "{HH}:{mm}" },
    },
    yAxis: {
      type: "value",
      min: 0,
      splitNumber: 4,
      ...(unit === "bytes" ? { interval: niceBytes(greatest(lines) / 4) } : {}),
      axisLabel: { fontSize: 11, formatter: (value: number) => withUnit(value, unit) },
      splitLine: { lineStyle: { color: "#e8e9eb" } },
    },
    series: lines.map((line, index) => seriesOf(line, index, { panel, drawn, times })),
  });
  const worst = thresholds?.steps.find(({ value, color }) => value !== null && color === "red")?.value;
  if (custom?.thresholdsStyle !== undefined && worst !== undefined && lines.length > 0) {
    const lineStyle = { color: colorNamed("red"), type: "dashed" as const, width: 1 };
    chart.setOption({
      series: [
        {
          markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle, data: [{ yAxis: worst ?? 0 }] },
        },
      ],
    });
  }
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

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
    ...(drawn.lineInterpolation === "stepAfter" ? { step: "end" as const } : {}),
    ...(drawn.stacking?.mode === "normal" ? { stack: "all" } : {}),
    color,
    lineStyle: {
      width: 1.5,
      type: overridden["custom.lineStyle"] === undefined ? ("solid" as const) : ("dashed" as const),
    },
    areaStyle: { opacity: opacity / 100 },
  };
}
