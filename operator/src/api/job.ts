import { z } from "zod";
import { found, rules } from "./schema.ts";

/** The name of a job, as in `defineJob`. */
export const jobName = z
  .string()
  .max(100)
  .meta(
    rules({
      rule: "self.matches('^[A-Za-z0-9_-]+$')",
      ...found("self", "a job's name must be letters, digits, '-' or '_', as in defineJob. Correct it."),
    }),
  );

/** What a JobQueue says of a kind of job. */
export const job = z
  .object({
    name: jobName.describe("The job's name, as in defineJob."),
    schema: z
      .looseObject({})
      .optional()
      .describe(
        "JSON Schema of its input: draft 2020-12, or draft 7 if its $schema says so. Producers refuse an input that does not fit; workers dead-letter it.",
      ),
  })
  .describe("A kind of job.");
