import { reservedLanes } from "@jobwright/worker-runtime/contract";
import { z } from "zod";
import { dnsLabel, found, rules } from "./schema.ts";

/** A priority lane of a JobQueue. */
export const lane = z
  .object({
    name: z
      .string()
      .max(63)
      .meta(
        rules(dnsLabel("a lane's name"), {
          rule: `!(self in [${reservedLanes.map((name) => `'${name}'`).join(", ")}])`,
          ...found(
            "self",
            "dead, dlx, outcomes, returns and unlaned are names that the queue needs itself: choose another for the lane.",
          ),
        }),
      )
      .describe("What producers choose the lane by."),
    weight: z
      .int()
      .min(1)
      .max(100)
      .default(1)
      .describe("How many of its jobs are started for each one of a lane of weight 1, as long as both have any."),
  })
  .describe("A lane.");
