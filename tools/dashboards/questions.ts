// What a dashboard asks Prometheus, with its variables filled in: for the tests, which ask all of it, and for pictures.
import type { Dashboard, Panel, RowPanel } from "@grafana/grafana-foundation-sdk/dashboard";

/** A query of a panel. */
export interface Question {
  readonly refId: string;
  readonly expression: string;
  /** The series' name, in which `{{label}}` stands for a label. */
  readonly legend: string;
}

/** The panels that show data: all but the rows' headings. */
export function panelsOf({ panels = [] }: Dashboard): Panel[] {
  return panels.filter((panel): panel is Panel => !isHeading(panel));
}

export function isHeading(panel: Panel | RowPanel): panel is RowPanel {
  return panel.type === "row";
}

/** What a panel asks. */
export function questionsOf({ targets = [] }: Panel): Question[] {
  const queries = targets as readonly { refId?: string; expr?: string; legendFormat?: string }[];
  return queries.map(({ refId = "", expr = "", legendFormat = "" }) => ({
    refId,
    expression: expr,
    legend: legendFormat,
  }));
}

/** Where a variable's values come from: a label of what a selector takes. In the order in which they build on each other. */
export function variablesOf({ templating }: Dashboard): { name: string; label: string; selector: string }[] {
  return (templating.list ?? []).flatMap(({ name, definition }) => {
    const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(definition ?? "") ?? [];
    return selector === undefined || label === undefined ? [] : [{ name, label, selector }];
  });
}

/** An expression with `$name` replaced, as Grafana does it; several values become a regular expression. */
export function filledIn(expression: string, values: Readonly<Record<string, string | readonly string[]>>): string {
  return expression.replaceAll(/\$(\w+)/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the dashboard has no variable ${whole}, in: ${expression}`);
    return typeof value === "string" ? value : value.length === 1 ? (value[0] ?? "") : `(${value.join("|")})`;
  });
}

/** A series' name in a panel. */
export function named(legend: string, labels: Readonly<Record<string, string>>): string {
  return legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? "");
}
