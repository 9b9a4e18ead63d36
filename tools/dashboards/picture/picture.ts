import type { Dashboard, Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { filledIn, isHeading, variablesOf } from "../questions.ts";
import { drawBars, drawStates } from "./bars.ts";
import { type MarkedScope, marksOf, type Scope } from "./data.ts";
import { drawStat } from "./stat.ts";
import { escaped, fitted, rectangle, textAt } from "./svg.ts";
import { drawTable } from "./table.ts";
import { drawTimeSeries } from "./time-series.ts";

const width = 1600;
const rowHeight = 38;
const gap = 8;
const titleHeight = 28;
const headHeight = 44;

/** Draws the inside of a panel of its type. */
const drawers: Readonly<
  Record<string, (panel: Panel, scope: MarkedScope, width: number, height: number) => Promise<string>>
> = {
  timeseries: drawTimeSeries,
  stat: drawStat,
  table: drawTable,
  bargauge: drawBars,
  "state-timeline": drawStates,
};

/**
 * A dashboard as an SVG picture: the same JSON that Grafana loads, laid out on its grid of 24 columns, with what Prometheus
 * answers its queries. It is no Grafana: it knows the kinds of panel, the units and the options that these dashboards use.
 */
export async function drawDashboard(dashboard: Dashboard, scope: Scope): Promise<string> {
  const marked = { ...scope, marks: await marksOf(dashboard, scope) };
  const parts: string[] = [];
  let bottom = 0;
  for (const panel of dashboard.panels ?? []) {
    const { x, y, w, h } = panel.gridPos ?? { x: 0, y: 0, w: 24, h: 1 };
    bottom = Math.max(bottom, y + h);
    const left = (x * width) / 24;
    const top = headHeight + y * rowHeight;
    const inside = isHeading(panel)
      ? textAt(gap, 24, `▾ ${filledIn(panel.title ?? "", scope.values)}`, { size: 15, bold: true })
      : await framed(panel, marked, (w * width) / 24 - gap, h * rowHeight - gap);
    parts.push(`<g transform="translate(${left + gap / 2},${top})">${inside}</g>`);
  }
  const height = headHeight + bottom * rowHeight + gap;
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="Inter, Helvetica, Arial, 'DejaVu Sans', sans-serif">`;
  return [
    open,
    `<title>${escaped(dashboard.title ?? "")}</title>`,
    rectangle(0, 0, width, height, "#f4f5f5"),
    head(dashboard, scope),
    ...parts,
    "</svg>",
  ].join("\n");
}

function head(dashboard: Dashboard, { range, values }: Scope): string {
  const chosen = variablesOf(dashboard).map(({ name }) => `${name}: ${values[name]}`);
  const [from, to] = [range.fromSeconds, range.toSeconds].map((seconds) => new Date(seconds * 1_000).toISOString());
  const when = `${from?.slice(0, 16).replace("T", " ")} to ${to?.slice(11, 16)} UTC`;
  return (
    textAt(12, 28, dashboard.title ?? "", { size: 18, bold: true }) +
    textAt(width - 12, 28, [...chosen, when].join("    "), { size: 13, anchor: "end", color: "#57606a" })
  );
}

async function framed(panel: Panel, scope: MarkedScope, wide: number, high: number): Promise<string> {
  const draw = drawers[panel.type];
  if (draw === undefined)
    throw new Error(
      `panel "${panel.title}": pictures know no type "${panel.type}", but ${Object.keys(drawers).join(", ")}`,
    );
  const [innerWidth, innerHeight] = [wide - 2 * gap, high - titleHeight - gap];
  return [
    rectangle(0, 0, wide, high, "#fff", 'stroke="#dcdfe3" rx="3"'),
    textAt(gap, 19, fitted(panel.title ?? "", wide - gap, 13), { size: 13, bold: true }),
    `<g transform="translate(${gap},${titleHeight})">${await draw(panel, scope, innerWidth, innerHeight)}</g>`,
  ].join("");
}
