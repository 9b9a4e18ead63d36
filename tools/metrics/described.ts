import type { Registry } from "prom-client";

/** A metric as its registry describes it. */
export interface Described {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

/** So that a metric without labels can be absent, prom-client needs one that is never set (flow-metrics.ts). */
const neverSet = "unlimited";

/** What a registry's metrics are, in the order in which they were registered. */
export async function describedBy(registry: Registry): Promise<Described[]> {
  const metrics = await registry.getMetricsAsJSON();
  return metrics.map(({ name, help, type }) => {
    // Not in prom-client's types.
    const { labelNames = [] } = registry.getSingleMetric(name) as unknown as { labelNames?: string[] };
    return { name, type: `${type}`, labels: labelNames.filter((label) => label !== neverSet && label !== "le"), help };
  });
}

/** The unit, which Prometheus' naming rules put at the end of the name; empty for a plain number. */
export function unitOf({ name, type }: Pick<Described, "name" | "type">): string {
  const base = name.replace(/_total$/, "");
  if (/_(timestamp|start_time)_seconds$/.test(base)) return "s since 1970";
  if (base.endsWith("_per_second")) return "1/s";
  if (base.endsWith("_seconds")) return "s";
  if (base.endsWith("_bytes")) return "bytes";
  return type === "counter" ? "count" : "";
}
