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

/** Jobs waiting in the work queue and jobs in the dead-letter queue, now. */
export async function readCounts(
  broker: Broker,
  vhost: string,
  queues: { work: string; dead: string },
): Promise<{ waiting: number; dead: number }> {
  const path = `/api/queues/${encodeURIComponent(vhost)}?disable_stats=true&enable_queue_totals=true`;
  const listed = (await manage(broker, "GET", path)) as { name: string; messages?: number; messages_ready?: number }[];
  const find = (name: string) => listed.find((queue) => queue.name === name);
  return { waiting: find(queues.work)?.messages_ready ?? 0, dead: find(queues.dead)?.messages ?? 0 };
}
