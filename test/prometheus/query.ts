/** A series at one moment. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A series over time. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** In order. A gap is a time that is not there. */
  readonly points: readonly (readonly [seconds: number, value: number])[];
}

/** An alert that fires or is about to. */
export interface ActiveAlert {
  readonly name: string;
  readonly state: "pending" | "firing";
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

type Labels = Record<string, string>;
type Point = [seconds: number, value: string];
type Result =
  | { resultType: "vector"; result: { metric: Labels; value: Point }[] }
  | { resultType: "matrix"; result: { metric: Labels; values: Point[] }[] }
  | { resultType: "scalar" | "string"; result: Point };

/** A question to Prometheus' HTTP API. @throws Error with its answer, which names the place in the expression. */
async function ask<T>(url: string, path: string, parameters: Record<string, string>): Promise<T> {
  const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const answer = (await response.json()) as { status: string; error?: string; data: T };
  if (answer.status !== "success") {
    throw new Error(`Prometheus refused ${path} ${JSON.stringify(parameters)}: ${answer.error ?? response.status}`);
  }
  return answer.data;
}

/** What an expression comes to at a moment, now unless told. A scalar is a sample without labels. */
export async function query(url: string, expression: string, atSeconds?: number): Promise<Sample[]> {
  const time: Record<string, string> = atSeconds === undefined ? {} : { time: `${atSeconds}` };
  const answer = await ask<Result>(url, "query", { query: expression, ...time });
  switch (answer.resultType) {
    case "vector":
      return answer.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    case "matrix":
      throw new Error(`expected an expression with one value a series, found a range: ${expression}`);
    default:
      return [{ labels: {}, value: Number(answer.result[1]) }];
  }
}

export interface Range {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly stepSeconds: number;
}

/** What an expression comes to over a stretch of time. */
export async function queryRange(url: string, expression: string, range: Range): Promise<Series[]> {
  const { fromSeconds, toSeconds, stepSeconds } = range;
  const bounds = { start: `${fromSeconds}`, end: `${toSeconds}`, step: `${stepSeconds}` };
  const answer = await ask<Result>(url, "query_range", { query: expression, ...bounds });
  if (answer.resultType !== "matrix") throw new Error(`expected series over time, found ${answer.resultType}`);
  return answer.result.map(({ metric, values }) => ({
    labels: metric,
    points: values.map(([seconds, value]) => [seconds, Number(value)] as const),
  }));
}

/** The values that a label has. @param selector only in these series, for example `jobwright_pool_backlog`. */
export async function labelValues(url: string, label: string, selector?: string): Promise<string[]> {
  return ask(url, `label/${label}/values`, selector === undefined ? {} : { "match[]": selector });
}

/** The alerts that are pending or fire. */
export async function activeAlerts(url: string): Promise<ActiveAlert[]> {
  const { alerts } = await ask<{ alerts: Omit<ActiveAlert, "name">[] }>(url, "alerts", {});
  return alerts.map((alert) => ({ ...alert, name: alert.labels.alertname ?? "" }));
}
