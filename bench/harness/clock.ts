/**
 * Now, in ms. It is the machine's own monotonic clock, the same for all processes, so that times may be told from one
 * to another.
 */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
