import { header } from "../contract/index.ts";

/**
 * How many bytes of headers a message may keep when it is published again. RabbitMQ takes 128 KiB of properties in all,
 * and that much may arrive here; but amqplib writes 64 KiB at most, and refuses what is more. What is left over is for
 * what this protocol adds, a dead letter's error above all.
 */
export const keptHeaderBytes: number = 48 * 1024;

/** Headers that are small, and without which the job could not be run. */
const needed: ReadonlySet<string> = new Set(Object.values(header));

/**
 * The headers that fit into `roomBytes`: all of them, but for messages of unusual publishers. Then the largest
 * are left out until the rest fits.
 */
export function fittingHeaders(headers: Record<string, unknown>, roomBytes: number): Record<string, unknown> {
  const sized = Object.entries(headers).map(([name, value]) => ({
    name,
    bytes: Buffer.byteLength(name) + 1 + sizeOf(value),
  }));
  let total = sized.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total <= roomBytes) return headers;
  const leftOut = new Set<string>();
  for (const { name, bytes } of sized
    .filter((one) => !needed.has(one.name))
    .sort((one, other) => other.bytes - one.bytes)) {
    if (total <= roomBytes) break;
    leftOut.add(name);
    total -= bytes;
  }
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !leftOut.has(name)));
}

/** Bytes of a value in an AMQP table, with its type and length; at most a few too many. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return 5 + Buffer.byteLength(value);
  if (Buffer.isBuffer(value)) return 5 + value.length;
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + sizeOf(one), 5);
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).reduce((sum, [name, one]) => sum + Buffer.byteLength(name) + 1 + sizeOf(one), 5);
  }
  return 9;
}
