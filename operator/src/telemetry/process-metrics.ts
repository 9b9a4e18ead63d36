import { collectDefaultMetrics, Gauge, type Registry } from "prom-client";
import manifest from "../../package.json" with { type: "json" };

/**
 * What the process tells of itself: Node's own metrics, its version and whether it leads.
 *
 * @returns call it when this replica begins to lead. It never ceases to while it lives.
 */
export function processMetrics(registry: Registry, leaseName: string): { leads(): void } {
  collectDefaultMetrics({ register: registry });
  const build = new Gauge({
    name: "jobwright_operator_build_info",
    help: "1; the operator's version, and that of Node.",
    labelNames: ["version", "node"],
    registers: [registry],
  });
  build.set({ version: manifest.version, node: process.versions.node }, 1);
  const leading = new Gauge({
    name: "leader_election_master_status",
    help: "1 while this replica leads.",
    labelNames: ["name"],
    registers: [registry],
  });
  leading.set({ name: leaseName }, 0);
  return { leads: () => leading.set({ name: leaseName }, 1) };
}
