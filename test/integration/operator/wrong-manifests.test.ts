import { describe, expect, onTestFinished, test } from "vitest";
import { jobQueues } from "../../../operator/src/api/objects.ts";
import { createKubeClient, type KubeObject, loadKubeConfig } from "../../../operator/src/kube/index.ts";
import { readCluster } from "../../cluster/index.ts";
import { kubectl } from "./kubectl.ts";
import { jobQueueManifest, workerPoolManifest } from "./manifests.ts";

type Spec = Record<string, unknown>;

const queue = (spec: Spec, name = "mail") => jobQueueManifest("default", name, spec);
const pool = (spec: Spec, name = "mail") => workerPoolManifest("default", name, spec);
/** A WorkerPool without one of its fields. */
function poolWithout(field: string): KubeObject {
  const { spec, ...rest } = pool({});
  return { ...rest, spec: Object.fromEntries(Object.entries(spec as Spec).filter(([key]) => key !== field)) };
}
const container = { name: "handlers", image: "localhost/nowhere:1" };
const template = (spec: Spec) => pool({ template: { spec: { containers: [container], ...spec } } });
const scheduled = (changes: Spec) =>
  pool({ scaling: { schedules: [{ cron: "0 8 * * *", duration: "10h", minReplicas: 2, ...changes }] } });

/** What is wrong, and all that kubectl must print: the field, and the way out. */
const wrong: [what: string, manifest: KubeObject, field: string, wayOut: string][] = [
  [
    "a duration without a unit",
    queue({ retry: { backoff: { initial: "10" } } }),
    "spec.retry.backoff.initial",
    "found '10': expected a duration: whole numbers of at most six digits with ms, s, m or h, such as 250ms, 30s or 1h30m",
  ],
  ["a duration in days", queue({ deadLetter: { retention: "60d" } }), "spec.deadLetter.retention", "a day is 24h"],
  [
    "a back-off that begins above its maximum",
    queue({ retry: { backoff: { initial: "5m", max: "1m" } } }),
    "spec.retry.backoff.initial",
    "found '5m': backoff.initial is longer than backoff.max: lower initial or raise max",
  ],
  [
    "a back-off longer than jobs can be delayed",
    queue({ retry: { backoff: { max: "99999h" } } }),
    "spec.retry.backoff.max",
    "longer than 8760h, a year: lower it",
  ],
  [
    "a retention that is too long",
    queue({ deadLetter: { retention: "9000h" } }),
    "spec.deadLetter.retention",
    "must be between 1s and 8760h",
  ],
  ["no attempt at all", queue({ retry: { maxAttempts: 0 } }), "spec.retry.maxAttempts", "greater than or equal to 1"],
  ["a name with a dot", queue({}, "mail.fast"), "found 'mail.fast': metadata.name", "no dots. Choose another name"],
  [
    "a name that the broker's other resources have",
    queue({ name: "mail.dead" }),
    "spec.name",
    "found 'mail.dead': name must not end in .dead, .dlx, .outcomes, .returns or .unlaned nor begin with jobwright. or amq.",
  ],
  ["a name with a space", queue({ name: "fast mail" }), "spec.name", "such as media.resize"],
  [
    "a deletion policy that there is not",
    queue({ deletionPolicy: "Keep" }),
    "spec.deletionPolicy",
    'supported values: "Retain", "DeleteWhenEmpty", "Delete"',
  ],
  [
    "a longest job of less than RabbitMQ can tell",
    queue({ maxJobDuration: "30s" }),
    "spec.maxJobDuration",
    "must be between 1m and 720h",
  ],
  ["a pause in words", queue({ paused: "yes" }), "spec.paused", "must be of type boolean"],
  ["bytes with a unit", queue({ limits: { maxLengthBytes: "1Gi" } }), "spec.limits.maxLengthBytes", "of type integer"],
  [
    "a time to live without a unit",
    queue({ limits: { messageTTL: "3600" } }),
    "spec.limits.messageTTL",
    "found '3600': expected a duration",
  ],
  ["room for no job", queue({ limits: { maxLength: 0 } }), "spec.limits.maxLength", "or equal to 1"],
  [
    "a time to live of less than a second",
    queue({ limits: { messageTTL: "500ms" } }),
    "spec.limits.messageTTL",
    "must be between 1s and 8760h, a year: choose a value in that range, or leave it out",
  ],
  [
    "messages larger than all that fits in",
    queue({ limits: { maxLengthBytes: 2048, maxMessageBytes: 4096 } }),
    "spec.limits.maxMessageBytes",
    "Lower maxMessageBytes or raise maxLengthBytes",
  ],
  [
    "messages larger than RabbitMQ takes",
    queue({ limits: { maxMessageBytes: 33_554_432 } }),
    "spec.limits.maxMessageBytes",
    "or equal to 1",
  ],
  ["a lane with a dot", queue({ lanes: [{ name: "very.fast" }] }), "spec.lanes[0].name", "no dots. Choose another"],
  [
    "a lane with a name of the queue's own",
    queue({ lanes: [{ name: "fast" }, { name: "dead" }] }),
    "spec.lanes[1].name",
    "names that the queue needs itself: choose another",
  ],
  [
    "a binding to what is the broker's own",
    queue({ bindings: [{ exchange: "amq.rabbitmq.trace" }] }),
    "spec.bindings[0].exchange",
    "name the exchange that your events are published to",
  ],
  [
    "a binding that names no exchange",
    queue({ bindings: [{ routingKey: "order.created" }] }),
    "spec.bindings[0].exchange",
    "Required value",
  ],
  [
    "more bindings than one queue should have",
    queue({ bindings: Array.from({ length: 33 }, (_, n) => ({ exchange: `shop-${n}` })) }),
    "spec.bindings",
    "at most 32 items",
  ],
  [
    "a binding to no exchange",
    queue({ bindings: [{ exchange: "" }] }),
    "spec.bindings[0].exchange",
    "at least 1 chars",
  ],
  [
    "a job's name with a dot in a binding",
    queue({ bindings: [{ exchange: "shop", job: "order.created" }] }),
    "spec.bindings[0].job",
    "letters, digits, '-' or '_'",
  ],
  [
    "the same binding twice",
    queue({ bindings: [{ exchange: "shop" }, { exchange: "shop", routingKey: "", job: "bill" }] }),
    "spec.bindings[1]",
    "Duplicate value",
  ],
  [
    "bindings of a queue that encrypts",
    queue({ bindings: [{ exchange: "shop" }], encryption: { keySecretRef: { name: "keys" } } }),
    "spec.bindings",
    "Bind another JobQueue without encryption to the exchange",
  ],
  ["the same lane twice", queue({ lanes: [{ name: "a" }, { name: "a" }] }), "spec.lanes[1]", "Duplicate value"],
  ["a lane of no weight", queue({ lanes: [{ name: "a", weight: 0 }] }), "spec.lanes[0].weight", "or equal to 1"],
  [
    "more lanes than workers should serve",
    queue({ lanes: Array.from({ length: 17 }, (_, n) => ({ name: `lane-${n}` })) }),
    "spec.lanes",
    "at most 16 items",
  ],
  [
    "a producer with the name of the one that is always there",
    queue({ access: { producers: [{ name: "default" }] } }),
    "spec.access.producers[0].name",
    "found 'default': that is the producer that every JobQueue has: choose another name",
  ],
  [
    "a producer with a dot",
    queue({ access: { producers: [{ name: "web.shop" }] } }),
    "spec.access.producers[0].name",
    "no dots. Choose another",
  ],
  [
    "two producers with one Secret",
    queue({
      access: {
        producers: [
          { name: "shop", secretName: "jobs" },
          { name: "crm", secretName: "jobs" },
        ],
      },
    }),
    "spec.access.producers",
    "give each one a Secret of its own",
  ],
  [
    "a producer's Secret that is called as those of others",
    queue({ access: { producers: [{ name: "shop", secretName: "mail-producer" }] } }),
    "spec.access.producers[0].secretName",
    "so the operator calls the Secrets that nobody names",
  ],
  [
    "a rotation every minute",
    queue({ access: { rotation: { interval: "1m", overlap: "10s" } } }),
    "spec.access.rotation.interval",
    "must be between 1h and 8760h",
  ],
  [
    "an overlap that is as long as the interval",
    queue({ access: { rotation: { interval: "1h" } } }),
    "spec.access.rotation.overlap",
    "longer than half of rotation.interval: lower overlap or raise interval",
  ],
  [
    "a producer that is a name alone",
    queue({ access: { producers: ["shop"] } }),
    "spec.access.producers[0]",
    "must be of type object",
  ],
  [
    "the same producer twice",
    queue({ access: { producers: [{ name: "shop" }, { name: "shop" }] } }),
    "spec.access.producers[1]",
    'Duplicate value: {"name":"shop"}',
  ],
  [
    "a Secret's name with a capital",
    queue({ access: { producers: [{ name: "shop", secretName: "Shop" }] } }),
    "spec.access.producers[0].secretName",
    "found 'Shop': secretName must be a Secret's name",
  ],
  [
    "a rotation in days",
    queue({ access: { rotation: { interval: "30d" } } }),
    "spec.access.rotation.interval",
    "found '30d': expected a duration",
  ],
  [
    "an overlap of months",
    queue({ access: { rotation: { overlap: "1000h" } } }),
    "spec.access.rotation.overlap",
    "found '1000h': rotation.overlap is longer than 720h, 30 days: lower it",
  ],
  ["a rate of nothing", queue({ rateLimit: { jobs: 0 } }), "spec.rateLimit.jobs", "greater than or equal to 1"],
  [
    "a rate in no time",
    queue({ rateLimit: { jobs: 1, per: "0s" } }),
    "spec.rateLimit.per",
    "must be between 1s and 24h: choose a value in that range",
  ],
  [
    "outcomes that there are not",
    queue({ outcomes: "Some" }),
    "spec.outcomes",
    'supported values: "None", "Failures", "All"',
  ],
  ["a job's name with a dot", queue({ jobs: [{ name: "a.b" }] }), "spec.jobs[0].name", "as in defineJob. Correct it"],
  ["a job twice", queue({ jobs: [{ name: "a" }, { name: "a" }] }), "spec.jobs[1]", "Duplicate value"],
  ["encryption without keys", queue({ encryption: {} }), "spec.encryption.keySecretRef", "Required value"],
  ["a broker without its Secret", queue({ broker: {} }), "spec.broker.secretRef", "Required value"],
  ["a misspelt field", queue({ deliveryLimits: 3 }), "spec.deliveryLimits", "unknown field"],
  [
    "a number of workers in Auto mode",
    pool({ replicas: 3 }),
    "spec.replicas",
    "remove it, or set scaling.mode to Manual",
  ],
  [
    "a minimum above the maximum",
    pool({ minReplicas: 20 }),
    "spec.minReplicas",
    "lower minReplicas or raise maxReplicas",
  ],
  ["no queue", poolWithout("queueRef"), "spec.queueRef", "Required value"],
  ["no template", poolWithout("template"), "spec.template", "Required value"],
  ["negative concurrency", pool({ concurrency: -1 }), "spec.concurrency", "greater than or equal to 1"],
  [
    "two containers, none of them the worker",
    template({ containers: [container, { ...container, name: "proxy" }] }),
    "spec.template.spec.containers",
    "name the one that runs the handlers 'worker'",
  ],
  ["no container", template({ containers: [] }), "spec.template.spec.containers", "at least 1 items"],
  [
    "a grace period of its own",
    template({ terminationGracePeriodSeconds: 5 }),
    "spec.template.spec.terminationGracePeriodSeconds",
    "set spec.drainTimeout, which it follows",
  ],
  [
    "pods that are not restarted",
    template({ restartPolicy: "Never" }),
    "spec.template.spec.restartPolicy",
    "remove template.spec.restartPolicy or set it to Always",
  ],
  [
    "a goal that nobody can keep",
    pool({ scaling: { targetWait: "0s" } }),
    "spec.scaling.targetWait",
    "must be between 1s and 24h",
  ],
  ["a drain timeout of days", pool({ drainTimeout: "48h" }), "spec.drainTimeout", "must be between 1s and 24h"],
  ["a queue to publish to without a name", pool({ publishTo: [{ name: "" }] }), "spec.publishTo[0].name", "at least 1"],
  ["a queue to publish to that is a name alone", pool({ publishTo: ["audit"] }), "spec.publishTo[0]", "of type object"],
  [
    "a queue to publish to twice",
    pool({ publishTo: [{ name: "audit" }, { name: "audit" }] }),
    "spec.publishTo[1]",
    'Duplicate value: {"name":"audit"}',
  ],
  [
    "a queue of another namespace to publish to",
    pool({ publishTo: [{ name: "audit", namespace: "logs" }] }),
    "spec.publishTo[0].namespace",
    "unknown field",
  ],
  [
    "a mode that there is not",
    pool({ scaling: { mode: "auto" } }),
    "spec.scaling.mode",
    '"Auto", "Recommend", "Manual"',
  ],
  ["a pool's pause in words", pool({ paused: "yes" }), "spec.paused", "must be of type boolean"],
  [
    "a schedule in words",
    scheduled({ cron: "every morning" }),
    "spec.scaling.schedules[0].cron",
    "found 'every morning': expected cron's five fields with one space between",
  ],
  ["a schedule with seconds", scheduled({ cron: "0 0 8 * * *" }), "spec.scaling.schedules[0].cron", "five fields"],
  ["a minute that there is not", scheduled({ cron: "61 8 * * *" }), "spec.scaling.schedules[0].cron", "'0 8 * * 1-5'"],
  ["a schedule without a time", scheduled({ cron: undefined }), "spec.scaling.schedules[0].cron", "Required value"],
  ["a window that never closes", scheduled({ duration: undefined }), "spec.scaling.schedules[0].duration", "Required"],
  [
    "a time zone with a space",
    scheduled({ timeZone: "New York" }),
    "spec.scaling.schedules[0].timeZone",
    "found 'New York': expected the name of a time zone, such as UTC or Europe/Berlin",
  ],
  [
    "a window of no length",
    scheduled({ duration: "0s" }),
    "spec.scaling.schedules[0].duration",
    "found '0s': duration must be between 1m and 744h, 31 days",
  ],
  ["a schedule of no worker", scheduled({ minReplicas: 0 }), "spec.scaling.schedules[0].minReplicas", "or equal to 1"],
  [
    "a schedule of more workers than the pool may have",
    scheduled({ minReplicas: 11 }),
    "spec.scaling.schedules",
    "lower that of the schedule, or raise maxReplicas",
  ],
  [
    "a share where percent are asked for",
    pool({ scaling: { utilizationPercent: 0 } }),
    "spec.scaling.utilizationPercent",
    "greater than or equal to 10",
  ],
  ["a pool's name that is too long", pool({}, "m".repeat(53)), "metadata.name", "at most 52 characters"],
];

describe.concurrent("kubectl apply refuses", () => {
  test.each(wrong)("%s", async (_what, manifest, field, wayOut) => {
    const { ok, stderr } = await kubectl(["apply", "--dry-run=server", "-f", "-"], manifest);
    expect(ok).toBe(false);
    expect(stderr).toContain(field);
    expect(stderr).toContain(wayOut);
    // A rule that cannot be evaluated says nothing that helps.
    expect(stderr).not.toContain("conversion error");
    expect(stderr).not.toContain("should match");
    // A text's own rules say what was found; the API server would name only its type.
    expect(stderr).not.toMatch(/Invalid value: "string": (?!found '|spec\.)/);
  });
});

test("what is right is accepted", async () => {
  for (const manifest of [
    queue({ retry: { backoff: { initial: "250ms", max: "1h30m" } }, deadLetter: { retention: "8760h" } }),
    queue({
      lanes: [{ name: "fast", weight: 5 }, { name: "bulk" }],
      rateLimit: { jobs: 100, per: "1m" },
      maxJobDuration: "48h",
      jobs: [{ name: "send", schema: { type: "object", $defs: { to: { type: "string" } } } }, { name: "any" }],
      encryption: { keySecretRef: { name: "keys" } },
    }),
    queue({
      bindings: [
        { exchange: "shop", routingKey: "order.*", job: "bill" },
        { exchange: "amq.headers", arguments: { "x-match": "any", kind: "order", size: 3, urgent: true } },
      ],
    }),
    pool({ scaling: { mode: "Manual" }, replicas: 3, drainTimeout: "24h" }),
    pool({ scaling: { mode: "Recommend" }, replicas: 3, paused: true }),
    pool({
      scaling: {
        schedules: [
          { cron: "*/5 8-17/2,20 1-15,31 jan-MAR,12 MON-fri", duration: "30m", minReplicas: 10 },
          { cron: "0 8 * * 7", timeZone: "America/Argentina/Buenos_Aires", duration: "744h", minReplicas: 1 },
        ],
      },
    }),
    template({ restartPolicy: "Always", containers: [container, { ...container, name: "worker" }] }),
  ]) {
    expect(await kubectl(["apply", "--dry-run=server", "-f", "-"], manifest)).toMatchObject({ ok: true, stderr: "" });
  }
});

describe.each([
  ["name", "default.mail", "default.post"],
  ["vhost", "one", "another"],
  // The keys' Secret may have another name; to have or not to have one is what cannot change.
  ["encryption", { keySecretRef: { name: "keys" } }, undefined],
])("once the JobQueue exists, %s", (field, before, after) => {
  test.each([
    ...(after === undefined ? [] : [["changed", { [field]: before }, { [field]: after }] as const]),
    ["set", {}, { [field]: after ?? before }] as const,
    ["unset", { [field]: before }, {}] as const,
  ])("cannot be %s", async (_what, first, then) => {
    const client = createKubeClient(loadKubeConfig({ file: readCluster().kubeconfig }));
    const name = `immutable-${crypto.randomUUID().slice(0, 8)}`;
    onTestFinished(async () => {
      await client.delete(jobQueues, name, "default");
      client.close();
    });
    // Client-side apply removes what is no longer in the manifest, as users see it.
    const manifest = (spec: Spec) => jobQueueManifest("default", name, spec);
    expect(await kubectl(["apply", "-f", "-"], manifest(first))).toMatchObject({ ok: true });
    const { ok, stderr } = await kubectl(["apply", "-f", "-"], manifest(then));
    expect(ok).toBe(false);
    expect(stderr).toContain(`spec.${field}`);
    expect(stderr).toMatch(new RegExp(`${field} cannot be (changed|turned on or off) once the object exists`));
    expect(stderr).toContain("Create");
  });
});
