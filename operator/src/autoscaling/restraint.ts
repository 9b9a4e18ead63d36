import { type Failing, observeFailing, startFailing } from "./failing.ts";
import type { Fleet } from "./fleet.ts";
import type { GrowthLimit, KeptLimit } from "./growth-limit.ts";
import { longestRunSeconds } from "./longest-run.ts";
import { observeSaturation, type Saturation, saturationLimit, startSaturation } from "./saturation.ts";
import { observeScarcity, type Scarcity, type Shortage, scarcityLimit } from "./scarcity.ts";

/** All that may keep a pool from growing. */
export interface Restraint {
  readonly saturation: Saturation;
  readonly failing: Failing;
  readonly scarcity: Scarcity | undefined;
}

/** @param kept the limit that an earlier leader left. */
export function startRestraint(nowMs: number, kept?: KeptLimit): Restraint {
  const keptAs = (reason: KeptLimit["reason"]) => (kept?.reason === reason ? kept : undefined);
  return {
    saturation: startSaturation(nowMs, keptAs("Saturated")),
    failing: startFailing(nowMs, keptAs("Failing")),
    scarcity: undefined,
  };
}

export function observeRestraint(
  before: Restraint,
  input: {
    readonly nowMs: number;
    readonly fleet: Fleet;
    readonly inFlight: number;
    readonly oldestSeconds: number;
    readonly backlog: number;
    readonly replicas: number;
    readonly shortage: Shortage | undefined;
  },
): Restraint {
  return {
    saturation: observeSaturation(before.saturation, {
      ...input,
      longestRunSeconds: longestRunSeconds(input.fleet.longestRun, input.nowMs),
    }),
    failing: observeFailing(before.failing, input),
    scarcity: observeScarcity(before.scarcity, input),
  };
}

/** The tightest limit; undefined where nothing keeps the pool from growing. */
export function growthLimit({ saturation, failing, scarcity }: Restraint): GrowthLimit | undefined {
  return [saturationLimit(saturation), failing.limit, scarcity && scarcityLimit(scarcity)]
    .filter((limit) => limit !== undefined)
    .toSorted((a, b) => a.ceiling - b.ceiling)[0];
}
