import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import { type DynamicConfigValue, MappingType, type Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as TablePanel } from "@grafana/grafana-foundation-sdk/table";
import { datasource } from "../variables.ts";
import { letters, type Steps, type Told, thresholds } from "./told.ts";

function column(expression: string, refId: string): Builder<Dataquery> {
  return new DataqueryBuilder()
    .refId(refId)
    .expr(expression)
    .instant()
    .format(PromQueryFormat.Table)
    .datasource(datasource);
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
    .targets(Object.values(columns).map(({ query }, index) => column(query, letters[index] ?? "")))
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
