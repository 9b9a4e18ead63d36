import { z } from "zod";
import { duration, durationBetween, rules } from "./schema.ts";

/** How fast the jobs of a JobQueue may be started. */
export const rateLimit = z
  .object({
    jobs: z.int().min(1).max(1_000_000).describe("So many jobs are started at most."),
    per: duration("In so much time; between 1s and 24h.").default("1s"),
  })
  .meta(
    rules(
      durationBetween("per", "1s", "24h", "rateLimit.per must be between 1s and 24h: choose a value in that range"),
    ),
  )
  .describe(
    "How fast jobs may be started by all workers together. The operator shares it out among them; an edit takes effect without a restart. Left out: no limit.",
  );
