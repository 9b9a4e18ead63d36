import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { colorNamed, colorOf } from "./colors.ts";
import { latest, linesOf, type Scope } from "./data.ts";
import { rectangle, round, textAt } from "./svg.ts";
import { withUnit } from "./units.ts";

/** One figure, with its course behind it. */
export async function drawStat(panel: Panel, scope: Scope, width: number, height: number): Promise<string> {
  const lines = await linesOf(panel, scope);
  const { unit, thresholds } = panel.fieldConfig?.defaults ?? {};
  const { colorMode, graphMode, textMode } = panel.options ?? {};
  // By its name: the one that is there at the end.
  const line = textMode === "name" ? lines.find(({ values }) => values.at(-1) !== undefined) : lines[0];
  const value = line && latest(line);
  const filled = colorMode === "background" && value !== undefined;
  const color = value === undefined ? colorNamed("text") : colorOf(value, thresholds?.steps);
  const shown = textMode === "name" ? (line?.name ?? "–") : value === undefined ? "–" : withUnit(value, unit);
  const parts: string[] = [];
  if (filled) parts.push(rectangle(0, 0, width, height, color, 'rx="2"'));
  if (graphMode === "area" && line) parts.push(course(line.values, width, height, filled ? "#ffffff" : color));
  const size = Math.min(34, height * 0.45, (width - 20) / (shown.length * 0.66));
  parts.push(
    textAt(width / 2, height / 2 + size * 0.36, shown, {
      size,
      anchor: "middle",
      bold: true,
      color: filled ? "#fff" : color,
    }),
  );
  return parts.join("");
}

function course(values: readonly (number | undefined)[], width: number, height: number, color: string): string {
  const known = values.map((value) => (value === undefined || Number.isNaN(value) ? 0 : value));
  const most = Math.max(...known);
  if (known.length < 2 || most <= 0) return "";
  const points = known.map(
    (value, n) => `${round((n / (known.length - 1)) * width)},${round(height - (value / most) * height * 0.4)}`,
  );
  return `<polygon points="0,${height} ${points.join(" ")} ${width},${height}" fill="${color}" opacity="0.25"/>`;
}
