import { type Broker, manage } from "../../../test/broker/index.ts";

const ofVhost = (vhost: string) => `/api/queues/${encodeURIComponent(vhost)}`;

/** How many jobs are in a dead-letter queue; the management API is up to five seconds late. */
export async function countDeadLetters(broker: Broker, vhost: string, queue: string): Promise<number> {
  const path = `${ofVhost(vhost)}?disable_stats=true&enable_queue_totals=true`;
  const listed = (await manage(broker, "GET", path)) as { name: string; messages?: number }[];
  return listed.find(({ name }) => name === queue)?.messages ?? 0;
}

/** Removes the queues of a name that an interrupted run left, with the jobs in them. */
export async function removeQueues(broker: Broker, vhost: string, name: RegExp): Promise<void> {
  const listed = (await manage(broker, "GET", `${ofVhost(vhost)}?disable_stats=true`)) as { name: string }[];
  for (const queue of listed.filter((each) => name.test(each.name))) {
    await manage(broker, "DELETE", `${ofVhost(vhost)}/${encodeURIComponent(queue.name)}`);
  }
}
