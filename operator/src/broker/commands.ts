import { type Command, controlQueue, protocolVersion, type WorkerIdentity } from "@jobwright/worker-runtime/contract";
import type { Broker } from "./broker.ts";

/** After this long a command that nobody took is dropped: the pod has another state by then. */
const expiryMs = 30_000;

/** A command; one that needs no more than its name is said by it. */
export type Said =
  | Exclude<Command["type"], "SetRate">
  | { readonly type: "SetRate"; readonly jobsPerSecond: number | null };

/**
 * Tells a worker something, through the default exchange to its own control queue.
 *
 * @returns whether the worker's queue took it. If not, the worker is not connected now: send it again later.
 */
export async function sendCommand(
  broker: Broker,
  worker: WorkerIdentity,
  said: Said,
): Promise<{ readonly routed: boolean }> {
  const command: Command = { version: protocolVersion, ...(typeof said === "string" ? { type: said } : said) };
  return broker.publisher.publish("", controlQueue(worker), Buffer.from(JSON.stringify(command)), {
    contentType: "application/json",
    type: command.type,
    expiration: expiryMs,
  });
}
