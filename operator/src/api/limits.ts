import { z } from "zod";
import { duration, durationBetween, found, rules } from "./schema.ts";

/** The largest body that RabbitMQ 4 takes in by default, and the runtime in any case. */
const largestMessageBytes = 16 * 1024 * 1024;

/** How much a JobQueue takes in. */
export const limits = z
  .object({
    maxLength: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .optional()
      .describe(
        "How many jobs may wait in the queue, and in each of its lanes. A full queue refuses the producer, who is told, and takes jobs again once it is at 80%. The broker counts a little late: some jobs more may come in. Retries and delayed jobs are never refused. Left out: no limit.",
      ),
    maxLengthBytes: z
      .int()
      .min(1024)
      .max(1_000_000_000_000_000)
      .meta({ format: "int64" })
      .optional()
      .describe(
        "How many bytes the bodies of waiting jobs may have together, in the queue and in each of its lanes; as maxLength otherwise. Left out: no limit.",
      ),
    messageTTL: duration(
      "How long a job may wait in the queue or a lane; then it goes to the dead-letter queue. Between 1s and 8760h, a year. Counted anew each time that the job comes into the queue. Left out: for ever.",
    ).optional(),
    maxMessageBytes: z
      .int()
      .min(1024)
      .max(largestMessageBytes)
      .optional()
      .describe(
        "The largest body of a job, in bytes, encrypted as it is. Producers refuse to send a larger one, and workers dead-letter it. Left out: 16777216, 16 MiB.",
      ),
  })
  .meta(
    rules(
      {
        rule: `!has(self.messageTTL) || ${durationBetween("messageTTL", "1s", "8760h", "").rule}`,
        ...found(
          "self.messageTTL",
          "limits.messageTTL must be between 1s and 8760h, a year: choose a value in that range, or leave it out",
        ),
        fieldPath: ".messageTTL",
      },
      {
        rule: "!has(self.maxMessageBytes) || !has(self.maxLengthBytes) || self.maxMessageBytes <= self.maxLengthBytes",
        message:
          "limits.maxMessageBytes is larger than limits.maxLengthBytes: one such job alone would fill the queue. Lower maxMessageBytes or raise maxLengthBytes",
        fieldPath: ".maxMessageBytes",
      },
    ),
  )
  .describe("How much the queue takes in. An edit takes effect on the live queue.");
