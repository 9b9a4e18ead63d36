import { defaultRetryPolicy, outcomesPolicy } from "@jobwright/worker-runtime/contract";
import { z } from "zod";
import { access, producers, rotationRequest } from "./access.ts";
import { conditions, observedGeneration, unobserved } from "./conditions.ts";
import { encryption } from "./encryption.ts";
import { eventBindings, eventBindingsStatus, noBindingsWithEncryption } from "./event-binding.ts";
import { job } from "./job.ts";
import type { Kind } from "./kind.ts";
import { lane } from "./lane.ts";
import { limits } from "./limits.ts";
import { rateLimit } from "./rate-limit.ts";
import {
  dnsLabelName,
  duration,
  durationAtMost,
  durationBetween,
  found,
  immutable,
  reference,
  rules,
} from "./schema.ts";

const broker = z
  .object({
    secretRef: reference(
      "Secret with the broker's address and administrator credentials, in the format that RabbitMQ's cluster operator writes (host, port, username, password).",
    ),
    caSecretRef: reference(
      "Secret whose ca.crt holds the CA that signed the broker's certificate, where it is a private one.",
    ).optional(),
  })
  .describe("The RabbitMQ this queue lives on. Left out: the broker that the operator was installed with.");

const backoff = z
  .object({
    initial: duration("Wait before the second attempt.").default("1s"),
    max: duration("The longest wait between two attempts.").default("10m"),
    multiplier: z
      .int()
      .min(1)
      .max(10)
      .default(defaultRetryPolicy.multiplier)
      .describe("Each wait is this many times the one before; 1 keeps it constant."),
    jitterPercent: z
      .int()
      .min(0)
      .max(100)
      .default(defaultRetryPolicy.jitterPercent)
      .describe(
        "Random part of each wait, in percent either way, so that jobs that failed together are not retried together.",
      ),
  })
  .meta(
    rules(
      durationAtMost("initial", "max", "backoff.initial is longer than backoff.max: lower initial or raise max"),
      durationBetween("max", "0s", "8760h", "backoff.max is longer than 8760h, a year: lower it"),
    ),
  )
  .describe("How long to wait before each retry: initial × multiplier for each failed attempt, at most max.");

const retry = z
  .object({
    maxAttempts: z
      .int()
      .min(1)
      .max(1000)
      .default(defaultRetryPolicy.maxAttempts)
      .describe("How often a job is tried in all, the first time included; then it goes to the dead-letter queue."),
    backoff: backoff.prefault({}),
  })
  .describe("What happens to a job whose handler fails.");

const deadLetter = z
  .object({
    retention: duration("How long dead letters are kept before the broker drops them; at most 8760h, a year.").default(
      "336h",
    ),
    maxLength: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .optional()
      .describe("How many dead letters are kept; the oldest are dropped beyond it. Left out: no limit."),
  })
  .meta(
    rules(
      durationBetween(
        "retention",
        "1s",
        "8760h",
        "deadLetter.retention must be between 1s and 8760h, a year: choose a value in that range",
      ),
    ),
  )
  .describe("The dead-letter queue: jobs that failed for good, with the error, to be read and sent again.");

const spec = z
  .object({
    broker: broker.optional(),
    vhost: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe(
        "The broker's virtual host; it must exist. Immutable. Left out: the one that the broker's Secret names, or '/'.",
      ),
    name: z
      .string()
      .max(200)
      .meta(
        rules({
          rule: "self.matches('^[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)*$')",
          ...found(
            "self",
            "name must be words of letters, digits, '_' and '-' with single dots between them, such as media.resize",
          ),
        }),
      )
      .optional()
      .describe("Name of the exchange and the queue on the broker. Immutable. Left out: <namespace>.<metadata.name>."),
    retry: retry.prefault({}),
    deliveryLimit: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(20)
      .describe(
        "How often a job may come back from a worker without an outcome (its worker died); the next time it goes to the dead-letter queue.",
      ),
    maxJobDuration: duration(
      "How long a worker may keep a job, the time before it starts it included; then the broker takes it back for another. Between 1m and 720h. Needs RabbitMQ 3.12; status.unsupported says so where it has no effect.",
    ).default("30m"),
    lanes: z
      .array(lane)
      .max(16)
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
      .optional()
      .describe(
        "Priority lanes, each with a queue of its own, served by weight. Jobs without a lane are served with weight 1. Jobs in a lane that is removed are moved to the work queue.",
      ),
    limits: limits.prefault({}),
    bindings: eventBindings,
    rateLimit: rateLimit.optional(),
    outcomes: outcomesPolicy
      .default("None")
      .describe(
        "Which jobs' outcomes are published to <name>.outcomes with routing key <outcome>.<job>. None: nobody's. Failures: failed and retried jobs'. All: done ones' too. A job with reply_to is answered in any case.",
      ),
    jobs: z
      .array(job)
      .max(100)
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
      .optional()
      .describe("What is known of the jobs. Those that are not named here are accepted with any input."),
    encryption: encryption.optional(),
    access: access.optional(),
    deadLetter: deadLetter.prefault({}),
    paused: z
      .boolean()
      .default(false)
      .describe(
        "Workers take no jobs; what runs is finished, and producers may go on. Workers are told, not restarted, and the pool is neither woken nor kept up by what waits.",
      ),
    deletionPolicy: z
      .enum(["Retain", "DeleteWhenEmpty", "Delete"])
      .default("Retain")
      .describe(
        "What happens on the broker when this JobQueue is deleted. Retain: everything stays. DeleteWhenEmpty: once every job is done. Delete: at once, with the jobs in it.",
      ),
  })
  .meta(
    rules(
      immutable(
        "vhost",
        "jobs would stay behind in the old one. Create a JobQueue of another name there and delete this one when it is empty.",
      ),
      immutable(
        "name",
        "jobs would stay behind under the old one. Create another JobQueue and delete this one when it is empty.",
      ),
      durationBetween(
        "maxJobDuration",
        "1m",
        "720h",
        "maxJobDuration must be between 1m and 720h, 30 days: choose a value in that range, and split what takes longer",
      ),
      {
        rule: "has(self.encryption) == has(oldSelf.encryption)",
        message:
          "encryption cannot be turned on or off once the object exists: workers could not read the jobs that are there. Create another JobQueue and delete this one when it is empty.",
        fieldPath: ".encryption",
        reason: "FieldValueForbidden",
      },
      noBindingsWithEncryption,
      {
        rule: "!has(self.name) || !(self.name.matches('[.](dead|dlx|outcomes|returns|unlaned)$') || self.name.startsWith('jobwright.') || self.name.startsWith('amq.'))",
        ...found(
          "self.name",
          "name must not end in .dead, .dlx, .outcomes, .returns or .unlaned nor begin with jobwright. or amq.: those names are taken on the broker. Choose another.",
        ),
        fieldPath: ".name",
      },
    ),
  )
  .describe("What the queue should be.");

const status = z
  .object({
    observedGeneration,
    conditions: conditions.optional(),
    broker: z
      .object({
        host: z.string().describe("The broker's host, as its Secret named it."),
        port: z.int().describe("The port of its AMQP listener."),
      })
      .optional()
      .describe(
        "The broker that the queue was put on. Where its Secret leads elsewhere, the queue stays: BrokerChanged.",
      ),
    vhost: z.string().optional().describe("The virtual host in use."),
    exchange: z.string().optional().describe("The exchange to publish to."),
    queue: z.string().optional().describe("The work queue on the broker."),
    deadLetterQueue: z.string().optional().describe("The dead-letter queue on the broker."),
    outcomeExchange: z.string().optional().describe("The exchange to which outcomes are published."),
    lanes: z
      .array(
        z
          .object({
            name: z.string().describe("The lane's name."),
            queue: z.string().describe("Its queue on the broker."),
            removing: z.string().optional().describe("Only of a lane that spec has no more: what keeps its queue."),
          })
          .describe("A lane."),
      )
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
      .optional()
      .describe("The lanes on the broker."),
    returns: z
      .object({
        queue: z.string().describe("Its name on the broker."),
        removing: z.string().optional().describe("Only once spec.limits bounds the queue no more: what keeps it."),
      })
      .optional()
      .describe(
        "The queue without limits to which the retries and delayed jobs of a bounded queue come back; workers serve it with weight 1.",
      ),
    bindings: eventBindingsStatus,
    unsupported: z
      .array(z.string())
      .optional()
      .describe("What of the spec this broker cannot do, and what is to be done about it."),
    binding: reference("Secret that a producer mounts: address and credentials, in Service Binding layout.").optional(),
    producers,
    rotationRequest,
    brokerVersion: z.string().optional().describe("RabbitMQ's version."),
    jobs: z
      .object({
        waiting: z
          .int()
          .describe("Jobs waiting for a worker. Retries and delayed jobs are not among them before they are due."),
        running: z.int().describe("Jobs handed to workers and not yet done."),
        dead: z.int().describe("Dead letters, those included that RabbitMQ has yet to move to the dead-letter queue."),
      })
      .optional()
      .describe("Counts of jobs, refreshed at most every 15 s; for reading, not for decisions."),
  })
  .default(unobserved)
  .describe("What was found.");

/** A queue of jobs on RabbitMQ with its dead-letter queue, retries and a producer's credentials. */
export const jobQueue = {
  kind: "JobQueue",
  plural: "jobqueues",
  singular: "jobqueue",
  shortNames: ["jq"],
  description:
    "A queue of jobs on RabbitMQ: exchange, quorum queue, dead-letter queue, retries and a producer's credentials.",
  spec,
  status,
  rules: [dnsLabelName("JobQueue", 100)],
  printerColumns: [
    {
      name: "Ready",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: "Whether the queue is on the broker as asked.",
    },
    {
      name: "Reason",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
      description: "Why it is, or is not.",
    },
    { name: "Waiting", type: "integer", jsonPath: ".status.jobs.waiting", description: "Jobs waiting for a worker." },
    { name: "Running", type: "integer", jsonPath: ".status.jobs.running", description: "Jobs handed to workers." },
    { name: "Dead", type: "integer", jsonPath: ".status.jobs.dead", description: "Dead letters." },
    {
      name: "Paused",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Paused")].status',
      description: "True while workers take no jobs because spec.paused says so.",
    },
    { name: "Queue", type: "string", jsonPath: ".status.queue", description: "Its name on the broker.", priority: 1 },
    {
      name: "Broker",
      type: "string",
      jsonPath: ".status.brokerVersion",
      description: "RabbitMQ's version.",
      priority: 1,
    },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
} satisfies Kind;

export type JobQueueSpec = z.infer<typeof spec>;
export type JobQueueStatus = z.infer<typeof status>;
