import { z } from "zod";
import { jobName } from "./job.ts";
import { found, type Rule, rules } from "./schema.ts";

const exchange = z
  .string()
  .min(1)
  .max(255)
  .describe("The exchange whose messages become jobs. It is never created nor deleted by Jobwright.");

const routingKey = z
  .string()
  .max(255)
  .default("")
  .describe(
    "Which of its messages: a key, or for a topic exchange a pattern with * and #. A fanout exchange needs none; for a headers exchange it only tells bindings apart.",
  );

const bindingArguments = z
  .record(z.string(), z.unknown().meta({ "x-kubernetes-preserve-unknown-fields": true }))
  .meta({ maxProperties: 32 })
  .describe(
    "For a headers exchange: the headers that a message must have, each a string, an integer or a boolean, and x-match (all or any).",
  );

const eventJob = jobName.describe(
  "The job that a message is which carries no type. Left out: its routing key names the job.",
);

/** Exchange and key tell the bindings of a JobQueue apart, so that server-side apply can merge them. */
const byExchangeAndKey = {
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["exchange", "routingKey"],
} as const;

/** The bindings of a JobQueue's work queue to exchanges that are not its own. */
export const eventBindings = z
  .array(
    z
      .object({
        exchange: exchange.meta(
          rules({
            rule: "!(self == 'amq.default' || self.startsWith('amq.rabbitmq.') || self.startsWith('jobwright.'))",
            ...found(
              "self",
              "amq.default, amq.rabbitmq.* and jobwright.* are the broker's and Jobwright's own: name the exchange that your events are published to",
            ),
          }),
        ),
        routingKey,
        arguments: bindingArguments.optional(),
        job: eventJob.optional(),
      })
      .describe("A binding."),
  )
  .max(32)
  .meta(byExchangeAndKey)
  .optional()
  .describe(
    "Other exchanges whose messages become jobs, beside those that producers send. An exchange that does not exist yet is bound to once it does.",
  );

/** Foreign messages are plain. */
export const noBindingsWithEncryption: Rule = {
  rule: "!has(self.encryption) || !has(self.bindings) || size(self.bindings) == 0",
  message:
    "a queue that encrypts takes no bindings: messages of other exchanges are plain, and its workers would dead-letter them. Bind another JobQueue without encryption to the exchange, whose handler enqueues to this one.",
  fieldPath: ".bindings",
  reason: "FieldValueForbidden",
};

/** What became of the bindings. */
export const eventBindingsStatus = z
  .array(
    z
      .object({
        exchange,
        routingKey,
        arguments: bindingArguments.optional(),
        job: eventJob.optional(),
        waiting: z.string().optional().describe("Only of one that is not bound: what it waits for."),
        removing: z
          .string()
          .optional()
          .describe("Only of one that spec has no more: why workers still name messages by it."),
      })
      .describe("A binding."),
  )
  // Those of the spec and those that leave; without a bound, the fields' rules would be too costly for the API server.
  .max(200)
  .meta(byExchangeAndKey)
  .optional()
  .describe("The bindings to other exchanges.");
