import type { Heartbeat } from "@jobwright/worker-runtime/contract";
import { type Broker, type KeptChannel, watchHeartbeats } from "../broker/index.ts";
import type { Logger } from "../kube/index.ts";

/** Hands each heartbeat to the pool that it is about; one subscription for all pools of a vhost. */
export interface HeartbeatHub extends AsyncDisposable {
  /** Begins to listen for a pool (`<namespace>/<name>`). Returns how to stop. */
  listen(broker: Broker, pool: string, receive: (heartbeat: Heartbeat) => void): () => void;
}

interface Subscription {
  readonly watch: KeptChannel;
  readonly receivers: Map<string, (heartbeat: Heartbeat) => void>;
}

export function createHeartbeatHub(log: Logger): HeartbeatHub {
  const subscriptions = new Map<Broker, Subscription>();

  function subscribe(broker: Broker): Subscription {
    const receivers: Subscription["receivers"] = new Map();
    const watch = watchHeartbeats(broker, {
      onHeartbeat: (heartbeat) => receivers.get(`${heartbeat.namespace}/${heartbeat.pool}`)?.(heartbeat),
      onUnreadable: (routingKey, why) => log.warn({ routingKey, reason: why }, "a heartbeat that cannot be read"),
      onError: (error) => log.debug({ err: error }, "heartbeats cannot be heard; trying again"),
    });
    const subscription = { watch, receivers };
    subscriptions.set(broker, subscription);
    return subscription;
  }

  return {
    listen(broker, pool, receive) {
      const { receivers, watch } = subscriptions.get(broker) ?? subscribe(broker);
      receivers.set(pool, receive);
      return () => {
        if (receivers.get(pool) === receive) receivers.delete(pool);
        if (receivers.size > 0) return;
        subscriptions.delete(broker);
        void watch[Symbol.asyncDispose]();
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...subscriptions.values()].map(({ watch }) => watch[Symbol.asyncDispose]()));
      subscriptions.clear();
    },
  };
}
