import { manage } from "../broker/index.ts";
import type { Workspace } from "./workspace.ts";

/** A message of the dead-letter queue. */
export interface DeadLetter {
  readonly payload: string;
  readonly properties: { readonly message_id?: string; readonly headers?: Readonly<Record<string, unknown>> };
}

/** What lies in the dead-letter queue; it stays there. */
export async function readDeadLetters({ broker, vhost, queue }: Workspace): Promise<DeadLetter[]> {
  const path = `/api/queues/${encodeURIComponent(vhost.name)}/${encodeURIComponent(queue.deadLetterQueue)}/get`;
  const asked = { count: 10_000, ackmode: "ack_requeue_true", encoding: "auto" };
  return (await manage(broker, "POST", path, asked)) as DeadLetter[];
}
