import { z } from "zod";
import type { Random } from "./random.ts";

/** What is to happen to a job: its input. */
export const plan = z.object({
  /** How long its work takes. */
  workMs: z.number(),
  /** How many attempts fail before one succeeds; more than the queue allows means that the job is dead-lettered. */
  failures: z.number(),
  /** Whether an attempt that fails does so after its effect, which `once` must not repeat. */
  failsAfterEffect: z.boolean(),
  /** It is given up, not failed. */
  givesUp: z.boolean(),
});
export type Plan = z.infer<typeof plan>;

/** Most succeed; every tenth fails first, some for good; every tenth is delayed as well. */
export function drawPlan(random: Random): { plan: Plan; delaySeconds: number } {
  const fate = random();
  return {
    plan: {
      workMs: Math.floor(random() * 20),
      failures: fate < 0.08 ? 1 : fate < 0.1 ? 2 : fate < 0.12 ? 99 : 0,
      failsAfterEffect: random() < 0.5,
      givesUp: fate > 0.99,
    },
    delaySeconds: random() < 0.1 ? 1 + Math.floor(random() * 15) : 0,
  };
}
