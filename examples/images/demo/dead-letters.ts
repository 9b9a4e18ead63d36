import { deadLetterHeader } from "@jobwright/worker-runtime/contract";
import { type Broker, manage } from "../../../test/broker/index.ts";

/** A job in the dead-letter queue. */
export interface DeadLetter {
  id: string;
  reason: string;
  error: string;
  input: string;
}

/** Looks into a dead-letter queue without taking anything out of it. */
export async function readDeadLetters(broker: Broker, vhost: string, queue: string): Promise<DeadLetter[]> {
  const path = `/api/queues/${encodeURIComponent(vhost)}/${encodeURIComponent(queue)}/get`;
  const letters = await manage(broker, "POST", path, { count: 1000, ackmode: "ack_requeue_true", encoding: "auto" });
  return (letters as Letter[]).map(({ payload, properties: { message_id, headers = {} } }) => ({
    id: message_id ?? "",
    reason: headers[deadLetterHeader.reason] ?? "",
    error: headers[deadLetterHeader.errorMessage] ?? "",
    input: payload,
  }));
}

interface Letter {
  payload: string;
  properties: { message_id?: string; headers?: Record<string, string> };
}
