import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { filledIn, questionsOf } from "../questions.ts";
import { colorOf } from "./colors.ts";
import type { Scope } from "./data.ts";
import { fitted, rectangle, textAt } from "./svg.ts";
import { withUnit } from "./units.ts";

type Row = Record<string, string | number>;

const rowHeight = 28;

/** A row for each combination of labels, a column for each query: what Grafana's transformations merge, organize and sortBy make of it. */
export async function drawTable(panel: Panel, scope: Scope, width: number, height: number): Promise<string> {
  const columns = columnsOf(panel);
  const rows = await rowsOf(panel, scope);
  if (rows.length === 0) {
    return textAt(width / 2, height / 2, panel.fieldConfig?.defaults.noValue ?? "–", {
      anchor: "middle",
      color: "#6e7b8b",
    });
  }
  const columnWidth = width / columns.length;
  const parts = columns.map(([, title], index) =>
    textAt(index * columnWidth + 8, 18, fitted(title, columnWidth - 8), { bold: true, color: "#3274d9" }),
  );
  const shown = rows.slice(0, Math.floor(height / rowHeight) - 1);
  for (const [line, row] of shown.entries()) {
    const y = rowHeight * (line + 1);
    parts.push(rectangle(0, y, width, 1, "#e8e9eb"));
    for (const [index, [key, title]] of columns.entries()) {
      parts.push(...cell(panel, title, row[key], index * columnWidth, y, columnWidth));
    }
  }
  return parts.join("");
}

function cell(
  panel: Panel,
  title: string,
  value: string | number | undefined,
  x: number,
  y: number,
  width: number,
): string[] {
  if (value === undefined) return [];
  if (typeof value === "string") return [textAt(x + 8, y + 19, fitted(value, width - 8))];
  const properties = (panel.fieldConfig?.overrides ?? [])
    .filter(({ matcher }) => matcher.options === title)
    .flatMap((override) => override.properties);
  const of = (id: string) => properties.find((property) => property.id === id)?.value;
  const color = of("thresholds") === undefined ? "transparent" : colorOf(value, of("thresholds").steps);
  const words: string | undefined = of("mappings")?.[0]?.options[`${value}`]?.text;
  const text = textAt(
    x + 8,
    y + 19,
    words ?? withUnit(value, of("unit")),
    color === "transparent" ? {} : { color: "#fff", bold: true },
  );
  return color === "transparent" ? [text] : [rectangle(x, y + 1, width, rowHeight - 1, color), text];
}

/** Names of the fields, in the order of the columns, and their titles. */
function columnsOf({ transformations = [] }: Panel): [key: string, title: string][] {
  const { indexByName = {}, renameByName = {} } = transformations.find(({ id }) => id === "organize")?.options ?? {};
  const order = Object.entries(indexByName as Record<string, number>).sort(([, a], [, b]) => a - b);
  return order.map(([key]) => [key, (renameByName as Record<string, string>)[key] ?? key]);
}

async function rowsOf(panel: Panel, { source, range, values }: Scope): Promise<Row[]> {
  const questions = questionsOf(panel);
  const rows = new Map<string, Row>();
  for (const { refId, expression } of questions) {
    for (const { labels, value } of await source.query(filledIn(expression, values), range.toSeconds)) {
      const key = JSON.stringify(Object.entries(labels).sort());
      const field = questions.length === 1 ? "Value" : `Value #${refId}`;
      rows.set(key, { ...labels, ...rows.get(key), [field]: value });
    }
  }
  const sort = panel.transformations?.find(({ id }) => id === "sortBy")?.options.sort[0]?.field;
  const [by] = columnsOf(panel).find(([, title]) => title === sort) ?? [];
  const all = [...rows.values()];
  return by === undefined ? all : all.sort((a, b) => Number(b[by] ?? 0) - Number(a[by] ?? 0));
}
