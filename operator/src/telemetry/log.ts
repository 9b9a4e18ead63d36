import { ecsFormat } from "@elastic/ecs-pino-format";
import { inEcs, type LogFormat } from "@jobwright/worker-runtime/contract";
import { type DestinationStream, type Logger, type LoggerOptions, pino } from "pino";

const service = "jobwright-operator";

const json: LoggerOptions = {
  base: { service },
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (label) => ({ level: label }) },
};

const inTheirShape = ecsFormat({ serviceName: service, apmIntegration: false });
const ecs: LoggerOptions = {
  ...inTheirShape,
  base: {},
  formatters: {
    ...inTheirShape.formatters,
    log: (fields) => inTheirShape.formatters?.log?.(inEcs(fields)) ?? fields,
  },
};

/**
 * JSON lines on standard output, with the fields that workers' lines have (the contract's `logFields`).
 *
 * @param destination where else to write, for tests.
 */
export function createLog(level: string, format: LogFormat = "json", destination?: DestinationStream): Logger {
  const options = { level, ...(format === "ecs" ? ecs : json) };
  return destination === undefined ? pino(options) : pino(options, destination);
}
