import type { Dashboard, DashboardBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { fleetDashboard } from "./fleet.ts";
import { poolDashboard } from "./pool.ts";
import { queueDashboard } from "./queue.ts";

/** All dashboards, by the names of their files. */
export function dashboards(): Record<string, Dashboard> {
  const built = { fleet: fleetDashboard(), queue: queueDashboard(), pool: poolDashboard() };
  return Object.fromEntries(Object.entries(built).map(([name, builder]) => [name, numbered(builder)]));
}

/** Panels need an id each, by which Grafana finds them again. */
function numbered(builder: DashboardBuilder): Dashboard {
  const dashboard = builder.build();
  for (const [index, panel] of (dashboard.panels ?? []).entries()) panel.id = index + 1;
  return dashboard;
}
