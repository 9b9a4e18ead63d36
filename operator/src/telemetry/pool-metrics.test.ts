import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { stepPool } from "../autoscaling/pool.ts";
import { startPool } from "../autoscaling/pool-state.ts";
import type { ScalingSettings } from "../autoscaling/signals.ts";
import type { PoolReadings } from "../workerpool/readings.ts";
import { reportPools } from "./pool-metrics.ts";

const settings: ScalingSettings = {
  minReplicas: 0,
  maxReplicas: 4,
  concurrency: 2,
  targetWaitMs: 5_000,
  utilizationPercent: 85,
  scaleDownDelayMs: 30_000,
  idleDelayMs: 60_000,
};

/** A pool at zero that has seen its first jobs. */
function readings(pool: string, backlogReady: number, changes: Partial<PoolReadings> = {}): PoolReadings {
  const kept = { serviceTimeMs: 1_000, coldStartMs: [6_000] };
  const state = startPool({ nowMs: 0, currentReplicas: 0, kept });
  const { decision, measurements } = stepPool(state, {
    ...{ nowMs: 1_000, settings, backlogReady, wake: false, heartbeats: [], pods: [] },
  });
  return {
    ...{ namespace: "media", pool, settings, decision, measurements, paused: false, scaled: { up: 1, down: 0 } },
    ...{ desiredReplicas: 4, replicas: 3, readyReplicas: 2 },
    ...changes,
  };
}

async function scrape(registry: Registry): Promise<string[]> {
  return (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

test("tells the signals, the terms, the decision and what came of it", async () => {
  const registry = new Registry();
  reportPools(registry, () => [readings("resize", 40, { paused: true })]);
  const lines = await scrape(registry);
  const of = 'namespace="media",pool="resize"';
  for (const line of [
    `jobwright_pool_backlog{${of}} 40`,
    `jobwright_pool_service_time_seconds{${of}} 1`,
    `jobwright_pool_cold_start_seconds{${of}} 6`,
    `jobwright_pool_target_wait_seconds{${of}} 5`,
    `jobwright_pool_workers{${of},state="working"} 0`,
    `jobwright_pool_slots{${of},term="jobs"} 40`,
    `jobwright_pool_concurrency{${of}} 2`,
    `jobwright_pool_max_replicas{${of}} 4`,
    `jobwright_pool_wanted_replicas{${of}} 4`,
    `jobwright_pool_desired_replicas{${of}} 4`,
    `jobwright_pool_replicas{${of}} 3`,
    `jobwright_pool_ready_replicas{${of}} 2`,
    `jobwright_pool_decision{${of},reason="MaxReplicas"} 1`,
    `jobwright_pool_target_unreachable{${of}} 1`,
    `jobwright_pool_paused{${of}} 1`,
    `jobwright_pool_scale_events_total{${of},direction="up"} 1`,
    `jobwright_pool_scale_events_total{${of},direction="down"} 0`,
  ]) {
    expect(lines).toContain(line);
  }
  // Not limited, not held, and known to be so.
  expect(lines.join()).not.toMatch(/rate_limit|jobwright_pool_held/);
});

test("tells what holds a pool, only while it does, and of no pool that is gone", async () => {
  const registry = new Registry();
  let pools = [readings("resize", 0), readings("mail", 0)];
  reportPools(registry, () => pools);
  expect((await scrape(registry)).join("\n")).toContain(
    'jobwright_pool_decision{namespace="media",pool="mail",reason=',
  );
  const [first] = pools;
  if (first === undefined) throw new Error("unreachable");
  pools = [{ ...first, decision: { ...first.decision, heldBy: "IdleDelay", reason: "IdleDelay" } }];
  const held = await scrape(registry);
  expect(held).toContain('jobwright_pool_held{namespace="media",pool="resize",by="IdleDelay"} 1');
  expect(held.filter((line) => line.includes("jobwright_pool_decision"))).toHaveLength(1);
  expect(held.join()).not.toContain('pool="mail"');
  pools = [];
  expect(await scrape(registry)).toEqual([]);
});
