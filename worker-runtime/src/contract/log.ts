/** `json`: this project's own field names. `ecs`: the Elastic Common Schema's, which Elasticsearch and Kibana know. */
export const logFormats = ["json", "ecs"] as const;
export type LogFormat = (typeof logFormats)[number];

/** A field of a log line. */
export interface LogField {
  /** Its name in the Elastic Common Schema. What that has no name for stands under `jobwright`. */
  readonly ecs: string;
  /** As Elasticsearch maps it; in JSON, `date`, `keyword` and `text` are strings, and `long` and `double` numbers. A `keyword` may be a list. */
  readonly type: "date" | "keyword" | "text" | "long" | "double" | "object";
  readonly meaning: string;
}

const own = (name: string, type: LogField["type"], meaning: string): LogField => ({
  ecs: `jobwright.${name}`,
  type,
  meaning,
});

/**
 * Every field that the operator and the worker runtime write, by its name in format `json`. One name means the same on both
 * sides. Handlers add fields of their own, which keep their names in both formats.
 */
export const logFields = {
  time: { ecs: "@timestamp", type: "date", meaning: "when, in UTC to the millisecond" },
  level: { ecs: "log.level", type: "keyword", meaning: "`trace`, `debug`, `info`, `warn`, `error` or `fatal`" },
  msg: { ecs: "message", type: "text", meaning: "what happened, for people" },
  service: {
    ecs: "service.name",
    type: "keyword",
    meaning: "`jobwright-operator`, `jobwright-worker`, or `jobwright-producer` of an application's own process",
  },
  err: {
    ecs: "error",
    type: "object",
    meaning: "the error: `type`, `message`, `stack` (in ECS `stack_trace`), and in JSON what else it carries",
  },
  traceId: { ecs: "trace.id", type: "keyword", meaning: "of a job's run: its trace" },
  spanId: { ecs: "span.id", type: "keyword", meaning: "of a job's run: its span" },
  namespace: { ecs: "orchestrator.namespace", type: "keyword", meaning: "the namespace of what the line is about" },
  pod: own("pod", "keyword", "the worker's pod: that which writes, or that which the operator writes about"),
  pool: own("pool", "keyword", "the WorkerPool's name"),
  name: own("name", "keyword", "the name of the object that the line is about"),
  queue: own("queue", "keyword", "the work queue on RabbitMQ, such as `images.resize`"),
  brokerQueue: own("brokerQueue", "keyword", "another queue on RabbitMQ: a lane's, or one that commands come by"),
  lane: own("lane", "keyword", "the lane"),
  job: own("job", "keyword", "the job's name"),
  id: own("id", "keyword", "the job's id, the same for every attempt"),
  attempt: own("attempt", "long", "which attempt this is, 1 for the first"),
  delayMs: own("delayMs", "long", "how long until the next attempt"),
  reason: own("reason", "keyword", "why, in a word or a short sentence"),
  refusals: own("refusals", "long", "how often the broker refused it"),
  jobs: own("jobs", "keyword", "names of jobs"),
  count: own("count", "long", "how many"),
  running: own("running", "long", "jobs that run"),
  concurrency: own("concurrency", "long", "jobs run at the same time"),
  prefetch: own("prefetch", "long", "deliveries that the broker may hand out ahead of their outcomes"),
  jobsPerSecond: own("jobsPerSecond", "double", "the worker's share of the rate limit"),
  oldest: own("oldest", "object", "deliveries held longest: `job`, `id`, `heldSeconds`"),
  timeoutMs: own("timeoutMs", "long", "the job's timeout"),
  maxJobDurationMs: own("maxJobDurationMs", "long", "the queue's maxJobDuration"),
  drainTimeoutMs: own("drainTimeoutMs", "long", "how long what runs may go on"),
  pauseMs: own("pauseMs", "long", "how long no job is started"),
  lagSeconds: own("lagSeconds", "double", "how long the event loop was blocked"),
  heartbeatSeconds: own("heartbeatSeconds", "double", "within which the broker wants a sign of life"),
  connection: own("connection", "keyword", "which of the worker's connections"),
  event: own("event", "keyword", "the name of an event inside the process"),
  signal: own("signal", "keyword", "the signal that asked the process to end"),
  code: own("code", "long", "an exit code"),
  stack: own("stack", "text", "where in the code"),
  telemetryPort: own("telemetryPort", "long", "port of /metrics, /healthz and /readyz"),
  controller: own("controller", "keyword", "`jobqueue` or `workerpool`"),
  resource: own("resource", "keyword", "the kind of objects that is watched, such as `jobqueues.jobwright.dev`"),
  identity: own("identity", "keyword", "the operator's name among its replicas"),
  version: own("version", "keyword", "Node's version"),
  host: own("host", "keyword", "the broker's host"),
  command: own("command", "keyword", "what a worker was told"),
  routingKey: own("routingKey", "keyword", "the routing key of a message"),
  text: own("text", "text", "what the Event would have said"),
} as const satisfies Readonly<Record<string, LogField>>;

/** Fields by their names in the Elastic Common Schema; those that are not in {@link logFields} as they are. */
export function inEcs(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const known: Readonly<Record<string, LogField>> = logFields;
  return Object.fromEntries(
    // The error is told in another shape, too, by whoever formats the line.
    Object.entries(fields).map(([name, value]) => [(name !== "err" && ownField(known, name)?.ecs) || name, value]),
  );
}

/** Names come from handlers too, and one may be called `constructor`. */
function ownField(fields: Readonly<Record<string, LogField>>, name: string): LogField | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}
