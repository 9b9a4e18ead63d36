import { type Command, controlQueue, protocolVersion, type WorkerIdentity } from "@jobwright/worker-runtime/contract";
import type { Broker } from "./broker.ts";

/** After this long a command that nobody took is dropped: the pod has another state by then. */
const expiryMs = 30_000;

/**
 * Tells a worker something, through the default exchange to its own control queue.
 *
 * @returns whether the worker's queue took it. If not, the worker is not connected now: send it again later.
 */
export async function sendCommand(
  broker: Broker,
  worker: WorkerIdentity,
  type: Exclude<Command["type"], "SetRate">,
): Promise<{ readonly routed: boolean }> {
  const command: Command = { version: protocolVersion, type };
  return broker.publisher.publish("", controlQueue(worker), Buffer.from(JSON.stringify(command)), {
    contentType: "application/json",
    type,
    expiration: expiryMs,
  });
}
