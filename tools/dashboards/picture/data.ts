import type { Dashboard, Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { filledIn, named, questionsOf } from "../questions.ts";

type Labels = Readonly<Record<string, string>>;

/** A Prometheus to ask. */
export interface Source {
  query(expression: string, atSeconds: number): Promise<readonly { readonly labels: Labels; readonly value: number }[]>;
  queryRange(
    expression: string,
    range: Range,
  ): Promise<readonly { readonly labels: Labels; readonly points: readonly (readonly [number, number])[] }[]>;
}

export interface Range {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly stepSeconds: number;
}

/** What is drawn: from where, over which time, with which values of the dashboard's variables. */
export interface Scope {
  readonly source: Source;
  readonly range: Range;
  readonly values: Readonly<Record<string, string | readonly string[]>>;
}

/** A scope, and the moments that the dashboard's annotations mark in it, in seconds since 1970. */
export interface MarkedScope extends Scope {
  readonly marks: readonly number[];
}

/** A series with a value, or none, at each step of the range. */
export interface Line {
  readonly name: string;
  readonly values: readonly (number | undefined)[];
}

export function timesOf({ fromSeconds, toSeconds, stepSeconds }: Range): number[] {
  return Array.from(
    { length: Math.floor((toSeconds - fromSeconds) / stepSeconds) + 1 },
    (_, n) => fromSeconds + n * stepSeconds,
  );
}

/** What a panel's queries come to over the range. */
export async function linesOf(panel: Panel, { source, range, values }: Scope): Promise<Line[]> {
  const answers = await Promise.all(
    questionsOf(panel).map(async ({ expression, legend }) => {
      const series = await source.queryRange(filledIn(expression, values), range);
      return series.map(({ labels, points }) => {
        const at = new Map(points.map(([seconds, value]) => [Math.round(seconds * 1_000), value]));
        return {
          name: named(legend, labels),
          values: timesOf(range).map((seconds) => at.get(Math.round(seconds * 1_000))),
        };
      });
    }),
  );
  return answers.flat();
}

/** The latest value that there is. */
export function latest({ values }: Line): number | undefined {
  return values.findLast((value) => value !== undefined && !Number.isNaN(value));
}

/** The beginnings of what annotations mark. */
export async function marksOf({ annotations }: Dashboard, { source, range, values }: Scope): Promise<number[]> {
  const expressions = (annotations.list ?? []).flatMap(({ expr }) => expr ?? []);
  const answers = await Promise.all(
    expressions.map((expression) => source.queryRange(filledIn(expression, values), range)),
  );
  const isFirst = (points: readonly (readonly [number, number])[], index: number) =>
    index === 0 || (points[index]?.[0] ?? 0) - (points[index - 1]?.[0] ?? 0) > range.stepSeconds * 1.5;
  return answers
    .flat()
    .flatMap(({ points }) => points.flatMap(([seconds], n) => (isFirst(points, n) ? [seconds] : [])));
}
