import type { RunnerOptions } from "../run/runner.ts";

/** A test looks at outcomes, not at metrics; and a registry for each queue would never be let go. */
export const noMetrics: RunnerOptions["metrics"] = { began() {}, ended() {}, deferred() {} };
