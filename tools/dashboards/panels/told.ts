// What all kinds of panel have, and their queries. Grafana's own SDK writes the JSON.
import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import { ReduceDataOptionsBuilder } from "@grafana/grafana-foundation-sdk/common";
import { ThresholdsConfigBuilder, ThresholdsMode } from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { datasource } from "../variables.ts";

/** What every panel says of itself. */
export interface Told {
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

export function thresholds(steps: Steps, base = "green") {
  const all = [{ value: null, color: base }, ...steps.map(([value, color]) => ({ value, color }))];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(all);
}

export const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

export function overTime(lines: Lines): Builder<Dataquery>[] {
  return Object.entries(lines).map(([legend, expression], index) =>
    new DataqueryBuilder()
      .refId(letters[index] ?? "")
      .expr(expression)
      .legendFormat(legend)
      .range()
      .datasource(datasource),
  );
}

/** What is there now, and nothing that only was. */
export function now(legend: string, expression: string): Builder<Dataquery> {
  return new DataqueryBuilder().refId("A").expr(expression).legendFormat(legend).instant().datasource(datasource);
}

export const lastValue = () => new ReduceDataOptionsBuilder().calcs(["lastNotNull"]).values(false);
