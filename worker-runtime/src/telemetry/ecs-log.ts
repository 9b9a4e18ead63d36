import { ecsFormat } from "@elastic/ecs-pino-format";
import { type DestinationStream, type Logger, type LoggerOptions, pino } from "pino";
import { inEcs } from "../contract/index.ts";
import { handlersLog } from "./log.ts";

const ecs = ecsFormat({ serviceName: "jobwright-worker", apmIntegration: false });
const formatLine = ecs.formatters?.log ?? ((fields) => fields);

/** The runtime's own fields get the schema's names. */
const options: LoggerOptions = {
  ...ecs,
  base: {},
  formatters: { ...ecs.formatters, log: (fields) => formatLine(inEcs(fields)) },
};

/** A log in the Elastic Common Schema, as createLog's is in JSON. */
export function createEcsLog(level: string, destination?: DestinationStream): Logger {
  const log = destination === undefined ? pino({ ...options, level }) : pino({ ...options, level }, destination);
  const { child } = log;
  // pino formats the bindings of the first logger only. Children are made from it as prototype, so they inherit this.
  return Object.assign(log, {
    [handlersLog]: (of: Logger): Logger =>
      Object.assign(Reflect.apply(child, of, [{}, { formatters: { log: formatLine } }]), { child }),
    child(this: Logger, bindings: Record<string, unknown>, ...rest: unknown[]): Logger {
      return Reflect.apply(child, this, [inEcs(bindings), ...rest]);
    },
  });
}
