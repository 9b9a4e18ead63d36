import { setTimeout as sleep } from "node:timers/promises";
import { manage, type PrivateBroker } from "../../test/broker/index.ts";

const limitMs = 600_000;

/** Deletes a vhost with thousands of queues, which takes RabbitMQ longer than it may take to answer; resolves when it is gone. */
export async function removeVhost(broker: PrivateBroker, name: string): Promise<void> {
  const path = `/api/vhosts/${encodeURIComponent(name)}`;
  for (const untilMs = Date.now() + limitMs; Date.now() < untilMs; await sleep(1_000)) {
    try {
      await manage(broker, "DELETE", path);
      return;
    } catch {
      // It goes on with what it was asked, whoever still listens.
    }
  }
  throw new Error(`vhost "${name}" was not deleted within ${limitMs / 1000} s`);
}
