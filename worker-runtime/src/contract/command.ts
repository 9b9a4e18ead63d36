import { z } from "zod";
import { readableVersion } from "./version.ts";

/**
 * What the operator may tell a worker:
 * - `Cordon`: take no more jobs, hand back what has not started, finish what runs.
 * - `Uncordon`: take jobs again.
 * - `Pause`: take no jobs until `Resume`, whatever else is said: their queue is paused. Being cordoned is a matter of its own.
 * - `Resume`: the queue is not paused (any more).
 * - `SetRate`: start at most so many jobs a second from now on: this worker's share of the queue's `rateLimit`.
 * Each may be repeated without harm.
 */
export const command = z.discriminatedUnion("type", [
  z.object({ version: readableVersion, type: z.enum(["Cordon", "Uncordon", "Pause", "Resume"]) }),
  z.object({
    version: readableVersion,
    type: z.literal("SetRate"),
    /** Null: no limit. */
    jobsPerSecond: z.number().nonnegative().nullable(),
  }),
]);
export type Command = z.infer<typeof command>;
