import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { colorNamed, colorOf } from "./colors.ts";
import { type Line, latest, linesOf, type Scope } from "./data.ts";
import { fitted, rectangle, textAt } from "./svg.ts";
import { withUnit } from "./units.ts";

/** Room for the longest name, but not all of it. */
function labelWidthOf(lines: readonly Line[], width: number): number {
  return Math.min(width * 0.4, 20 + Math.max(0, ...lines.map(({ name }) => name.length)) * 7.2);
}

/** The latest value of each series, as a bar. */
export async function drawBars(panel: Panel, scope: Scope, width: number, height: number): Promise<string> {
  const lines = (await linesOf(panel, scope)).filter(({ values }) => values.at(-1) !== undefined);
  const { unit, thresholds } = panel.fieldConfig?.defaults ?? {};
  const labelWidth = labelWidthOf(lines, width);
  const most = Math.max(1, ...lines.map((line) => latest(line) ?? 0));
  const rowHeight = Math.min(34, height / Math.max(1, lines.length));
  return lines
    .flatMap((line, index) => {
      const value = latest(line) ?? 0;
      const y = index * rowHeight;
      const long = (width - labelWidth - 70) * (value / most);
      return [
        textAt(labelWidth - 8, y + rowHeight / 2 + 4, fitted(line.name, labelWidth - 12), { anchor: "end" }),
        rectangle(labelWidth, y + 4, long, rowHeight - 8, colorOf(value, thresholds?.steps)),
        textAt(labelWidth + long + 8, y + rowHeight / 2 + 4, withUnit(value, unit), { bold: true }),
      ];
    })
    .join("");
}

/** Which state something was in, over time: a bar a series. */
export async function drawStates(panel: Panel, scope: Scope, width: number, height: number): Promise<string> {
  const lines = await linesOf(panel, scope);
  const labelWidth = labelWidthOf(lines, width);
  const rowHeight = Math.min(34, height / Math.max(1, lines.length));
  return lines
    .flatMap((line, index) => {
      const y = index * rowHeight;
      const name = textAt(labelWidth - 8, y + rowHeight / 2 + 4, fitted(line.name, labelWidth - 12), { anchor: "end" });
      return [
        name,
        ...stretches(line).map((stretch) => drawStretch(panel, stretch, { line, y, rowHeight, labelWidth, width })),
      ];
    })
    .join("");
}

interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/** Where the same value stands for a while. */
function stretches({ values }: Line): Stretch[] {
  const found: Stretch[] = [];
  for (const [at, value] of values.entries()) {
    const before = found.at(-1);
    if (value === undefined) continue;
    if (before?.to === at && before.value === value) found[found.length - 1] = { ...before, to: at + 1 };
    else found.push({ from: at, to: at + 1, value });
  }
  return found;
}

function drawStretch(
  panel: Panel,
  { from, to, value }: Stretch,
  {
    line,
    y,
    rowHeight,
    labelWidth,
    width,
  }: { line: Line; y: number; rowHeight: number; labelWidth: number; width: number },
): string {
  const step = (width - labelWidth) / line.values.length;
  const [mapping] = panel.fieldConfig?.defaults.mappings ?? [];
  const mapped = mapping?.type === "value" ? mapping.options[`${value}`] : undefined;
  const x = labelWidth + from * step;
  const long = (to - from) * step;
  const bar = rectangle(x, y + 3, long, rowHeight - 6, colorNamed(mapped?.color ?? "green"), 'opacity="0.75"');
  const text = fitted(mapped?.text ?? "", long - 8);
  return text.length < 3 ? bar : bar + textAt(x + 6, y + rowHeight / 2 + 4, text, { color: "#fff", bold: true });
}
