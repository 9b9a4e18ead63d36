/** What kube/ asks of a logger: pino's shape, fields first. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Says nothing: the default where no logger is passed. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
