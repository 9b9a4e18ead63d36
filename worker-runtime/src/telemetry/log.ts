import { ecsFormat } from "@elastic/ecs-pino-format";
import { type DestinationStream, type Logger, type LoggerOptions, pino } from "pino";
import { errorField } from "./error-field.ts";

/** `json`: pino's own field names. `ecs`: the Elastic Common Schema's, which Elasticsearch and Kibana know. */
export const logFormats = ["json", "ecs"] as const;
export type LogFormat = (typeof logFormats)[number];

/**
 * JSON lines on standard output, with the time in ISO 8601 and the level by its name.
 *
 * @param destination where else to write, for tests.
 */
export function createLog(level: string, format: LogFormat = "json", destination?: DestinationStream): Logger {
  const ecs = format === "ecs";
  const options: LoggerOptions = { level, ...(ecs ? ecsFormat(ecsOptions) : json) };
  const log = destination === undefined ? pino(options) : pino(options, destination);
  return ecs ? withEcsBindings(log) : log;
}

const json: LoggerOptions = {
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (label) => ({ level: label }) },
  serializers: { err: errorField },
};

const ecsOptions = { serviceName: "jobwright-worker", apmIntegration: false };

/** What a job's log is bound to. ECS keeps plain names for itself, and asks for a namespace of one's own. */
const ecsNames: Readonly<Record<string, string>> = {
  traceId: "trace.id",
  spanId: "span.id",
  job: "jobwright.job",
  id: "jobwright.id",
  attempt: "jobwright.attempt",
};

// pino formats the bindings of the first logger only. Children are made from it as prototype, so they inherit this.
function withEcsBindings(log: Logger): Logger {
  const plainChild = log.child;
  return Object.assign(log, {
    child(this: Logger, bindings: object, ...options: unknown[]): Logger {
      return Reflect.apply(plainChild, this, [isJobLog(bindings) ? renamed(bindings) : bindings, ...options]);
    },
  });
}

/** Whether it is the runtime's child and not one of a handler's, whose names are its own affair. */
function isJobLog(bindings: object): boolean {
  return "job" in bindings && "id" in bindings && "attempt" in bindings;
}

function renamed(bindings: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(bindings).map(([name, value]) => [ecsNames[name] ?? name, value]));
}
