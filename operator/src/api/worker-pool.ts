import { z } from "zod";
import { credentials, rotationRequest } from "./access.ts";
import { conditions, observedGeneration, unobserved } from "./conditions.ts";
import type { Kind } from "./kind.ts";
import { schedule } from "./schedule.ts";
import { dnsLabelName, duration, durationBetween, found, reference, rules } from "./schema.ts";

const container = z
  .looseObject({
    name: z.string().min(1).max(63).describe("The container's name."),
    image: z.string().min(1).max(1024).describe("Its image."),
  })
  .describe("A container as in any pod; see `kubectl explain pod.spec.containers`.");

const template = z
  .object({
    metadata: z
      .object({
        labels: z.record(z.string(), z.string()).optional().describe("Labels of the pods, beside the operator's own."),
        annotations: z.record(z.string(), z.string()).optional().describe("Annotations of the pods."),
      })
      .optional()
      .describe("Labels and annotations of the pods."),
    spec: z
      .looseObject({
        containers: z
          .array(container)
          .min(1)
          .max(32)
          .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
          .describe("The only container, or the one named 'worker', runs the handlers."),
        // Typed only because rules below speak of them: CEL sees no field that the schema does not name.
        restartPolicy: z.string().max(32).optional().describe("Always, which is also the default."),
        terminationGracePeriodSeconds: z.int().optional().describe("Refused: it follows spec.drainTimeout."),
      })
      .meta(
        rules(
          {
            rule: "self.containers.size() <= 1 || self.containers.exists(c, c.name == 'worker')",
            message: "with several containers, name the one that runs the handlers 'worker'",
            fieldPath: ".containers",
          },
          {
            rule: "!has(self.terminationGracePeriodSeconds)",
            message: "remove template.spec.terminationGracePeriodSeconds and set spec.drainTimeout, which it follows",
            fieldPath: ".terminationGracePeriodSeconds",
          },
          {
            rule: "!has(self.restartPolicy) || self.restartPolicy == 'Always'",
            ...found(
              "self.restartPolicy",
              "remove template.spec.restartPolicy or set it to Always: workers run until they are scaled away",
            ),
            fieldPath: ".restartPolicy",
          },
        ),
      )
      .describe(
        "A pod's spec; see `kubectl explain pod.spec`. The operator adds configuration, credentials and probes to the worker's container.",
      ),
  })
  .describe("The pods that run the handlers.");

const scaling = z
  .object({
    mode: z
      .enum(["Auto", "Recommend", "Manual"])
      .default("Auto")
      .describe(
        "Auto: the operator chooses the number of workers. Recommend: it only says what it would choose, and the number is set as in Manual. Manual: spec.replicas, by hand or by `kubectl scale`.",
      ),
    targetWait: duration("The goal: a job should start within this time of being enqueued.").default("30s"),
    utilizationPercent: z
      .int()
      .min(10)
      .max(100)
      .default(100)
      .describe(
        "How busy workers may be kept by steady arrivals, in percent. At 100, they are as busy as targetWait allows; lower keeps more room for sudden load.",
      ),
    scaleDownDelay: duration(
      "Fewer workers are kept only once fewer were enough for this long, or for as long as a pod takes to start.",
    ).default("10s"),
    idleDelay: duration(
      "The last workers are removed after this long without a job; only where minReplicas is 0.",
    ).default("60s"),
    schedules: z
      .array(schedule)
      .max(16)
      .meta({ "x-kubernetes-list-type": "atomic" })
      .optional()
      .describe(
        "Times at which more workers are kept than minReplicas, in Auto mode; the jobs may ask for more still.",
      ),
  })
  .meta(rules(durationBetween("targetWait", "1s", "24h", "scaling.targetWait must be between 1s and 24h")))
  .describe("How the number of workers is chosen.");

const spec = z
  .object({
    queueRef: reference("The JobQueue whose jobs the workers do. A queue has at most one pool."),
    template,
    publishTo: z
      .array(reference("A JobQueue of this namespace, on the same broker and virtual host as the pool's own."))
      .max(32)
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
      .optional()
      .describe(
        "Other JobQueues that the handlers may enqueue to, at once or delayed, with job.enqueue's option queue. To their own they may anyway.",
      ),
    concurrency: z.int().min(1).max(1000).default(1).describe("Jobs that each worker runs at the same time."),
    minReplicas: z
      .int()
      .min(0)
      .max(10_000)
      .default(0)
      .describe("The fewest workers in Auto mode; 0 lets the pool scale to zero."),
    maxReplicas: z.int().min(1).max(10_000).default(10).describe("The most workers in Auto mode."),
    replicas: z
      .int()
      .min(0)
      .max(10_000)
      .optional()
      .describe(
        "The number of workers, in Manual and Recommend mode only; what `kubectl scale` sets. Where it is absent, as many as there were.",
      ),
    scaling: scaling.prefault({}),
    paused: z
      .boolean()
      .default(false)
      .describe(
        "Keep the workers that there are: no scaling, no rollout, until it is false again. They go on taking jobs; to stop that, pause the JobQueue.",
      ),
    drainTimeout: duration(
      "How long a worker that is removed may finish what it runs; also the pods' grace period.",
    ).default("5m"),
  })
  .meta(
    rules(
      {
        rule: "self.minReplicas <= self.maxReplicas",
        message: "minReplicas is greater than maxReplicas: lower minReplicas or raise maxReplicas",
        fieldPath: ".minReplicas",
      },
      {
        rule: "!has(self.replicas) || self.scaling.mode != 'Auto'",
        message: "replicas is only for scaling.mode Manual or Recommend: remove it, or set scaling.mode to Manual",
        fieldPath: ".replicas",
      },
      {
        rule: "!has(self.scaling.schedules) || self.scaling.schedules.all(s, s.minReplicas <= self.maxReplicas)",
        message:
          "the minReplicas of a schedule is greater than maxReplicas: lower that of the schedule, or raise maxReplicas",
        fieldPath: ".scaling.schedules",
      },
      durationBetween("drainTimeout", "1s", "24h", "drainTimeout must be between 1s and 24h"),
    ),
  )
  .describe("What the pool should be.");

const decision = z
  .object({
    time: z.iso.datetime().describe("When it was made."),
    replicas: z.int().describe("The number of workers decided on."),
    reason: z.string().describe("One word for what bound the decision."),
    message: z.string().describe("The figures behind it, in a sentence."),
  })
  .describe("The last decision that changed the number of workers.");

const pastDecision = z
  .object({
    time: z.iso.datetime().describe("When it was made; of several, the last."),
    since: z.iso.datetime().optional().describe("When the first of several was made."),
    changes: z
      .int()
      .optional()
      .describe("How many decisions in the same direction, shortly after each other, this tells."),
    from: z.int().describe("The number of workers before."),
    replicas: z.int().describe("The number of workers decided on."),
    reason: z.string().describe("One word for what bound the decision; of several, the last."),
    message: z.string().describe("The figures behind it, in a sentence; of several, the last's."),
  })
  .describe("A decision, or several shortly after each other.");

const status = z
  .object({
    observedGeneration,
    conditions: conditions.optional(),
    replicas: z.int().optional().describe("Worker pods that exist."),
    readyReplicas: z.int().optional().describe("Worker pods that are ready."),
    desiredReplicas: z.int().optional().describe("Worker pods asked for now."),
    busy: z.int().optional().describe("Jobs running."),
    backlog: z.int().optional().describe("Jobs waiting."),
    lagSeconds: z
      .int()
      .optional()
      .describe(
        "How long the job that started last had waited, in s, or how long jobs wait by now if none has started since; 0 when there are none.",
      ),
    publishTo: z
      .array(
        z
          .object({
            name: z.string().describe("The JobQueue."),
            queue: z.string().describe("What job.enqueue's option queue calls it."),
          })
          .describe("A JobQueue."),
      )
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
      .optional()
      .describe("The JobQueues of spec.publishTo that the workers may enqueue to by now."),
    selector: z.string().optional().describe("Label selector of the pods, for the scale subresource."),
    credentials: credentials.optional(),
    rotationRequest,
    decision: decision.optional(),
    recentDecisions: z
      .array(pastDecision)
      .meta({ "x-kubernetes-list-type": "atomic" })
      .optional()
      .describe(
        "What was decided lately, the newest first: at most ten, none more than an hour older than the newest.",
      ),
    measured: z
      .object({
        serviceTimeMs: z.int().optional().describe("Mean time a job takes, in ms."),
        coldStartMs: z
          .array(z.int())
          .optional()
          .describe("The last five times from asking for a pod to its first sign of life, in ms."),
        longestRunMs: z
          .int()
          .optional()
          .describe(
            "The longest run of a job that was seen to end, in ms; it counts half with each day since. A run that takes three times what it counts for, and 5 min at least, is taken for stuck.",
          ),
        longestRunEndedAt: z.iso.datetime().optional().describe("When that run ended."),
      })
      .optional()
      .describe("Measurements that outlive the operator."),
  })
  .default(unobserved)
  .describe("What was found.");

/** Workers for a JobQueue: pods that come, do jobs and go. */
export const workerPool = {
  kind: "WorkerPool",
  plural: "workerpools",
  singular: "workerpool",
  shortNames: ["wp"],
  description: "Workers for a JobQueue: pods that run the handlers, as many as the queue needs, none when it is empty.",
  spec,
  status,
  rules: [dnsLabelName("WorkerPool", 52)],
  scale: {
    specReplicasPath: ".spec.replicas",
    statusReplicasPath: ".status.replicas",
    labelSelectorPath: ".status.selector",
  },
  printerColumns: [
    { name: "Queue", type: "string", jsonPath: ".spec.queueRef.name", description: "The JobQueue." },
    {
      name: "Ready",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: "Whether the pool works as asked.",
    },
    {
      name: "Reason",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
      description: "Why it does, or does not.",
    },
    { name: "Workers", type: "integer", jsonPath: ".status.readyReplicas", description: "Ready worker pods." },
    { name: "Desired", type: "integer", jsonPath: ".status.desiredReplicas", description: "Worker pods asked for." },
    { name: "Busy", type: "integer", jsonPath: ".status.busy", description: "Jobs running." },
    { name: "Waiting", type: "integer", jsonPath: ".status.backlog", description: "Jobs waiting." },
    {
      name: "Mode",
      type: "string",
      jsonPath: ".spec.scaling.mode",
      description: "Auto, Recommend or Manual.",
      priority: 1,
    },
    {
      name: "Lag",
      type: "integer",
      jsonPath: ".status.lagSeconds",
      description: "Seconds that jobs wait.",
      priority: 1,
    },
    {
      name: "Decision",
      type: "string",
      jsonPath: ".status.decision.message",
      description: "Why this many.",
      priority: 1,
    },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
} satisfies Kind;

export type WorkerPoolSpec = z.infer<typeof spec>;
export type WorkerPoolStatus = z.infer<typeof status>;
export type Decision = z.infer<typeof decision>;
export type PastDecision = z.infer<typeof pastDecision>;
