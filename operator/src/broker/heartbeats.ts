import { randomUUID } from "node:crypto";
import { type Heartbeat, heartbeat, heartbeatExchange } from "@jobwright/worker-runtime/contract";
import type { Channel } from "amqplib";
import type { Broker } from "./broker.ts";
import { consumeKept, type KeptChannel, keepChannel } from "./keep-channel.ts";

/** What is older says nothing any more: the next report is due every two seconds. */
const maxAgeMs = 10_000;
/** About 10,000 workers' reports of two seconds: an operator that lags further behind drops the oldest. */
const maxLength = 10_000;
const rebindMs = 10_000;
/** A report has about 500 bytes. */
const reportLimitBytes = 16 * 1024;

export interface HeartbeatListener {
  /** `routingKey` is checked by the broker against the sender's permissions; the payload's own claims must match it. */
  onHeartbeat(report: Heartbeat): void;
  /** Something unreadable came, a newer protocol for example, or a report for another worker than its sender. */
  onUnreadable(routingKey: string, why: string): void;
  /** The broker cannot be listened to; it is tried again. */
  onError(error: unknown): void;
}

/** Listens to the heartbeats of all workers of a vhost, until disposed of. The exchange is declared if need be. */
export function watchHeartbeats(broker: Broker, listener: HeartbeatListener): KeptChannel {
  async function setUp(channel: Channel): Promise<void> {
    await channel.assertExchange(heartbeatExchange, "topic", { durable: true });
    const { queue } = await channel.assertQueue(`jobwright.operator.heartbeats.${randomUUID()}`, {
      exclusive: true,
      durable: false,
      autoDelete: true,
      arguments: {
        // Said, since a vhost may have quorum queues as its default, which cannot be exclusive.
        "x-queue-type": "classic",
        "x-message-ttl": maxAgeMs,
        "x-max-length": maxLength,
        "x-overflow": "drop-head",
      },
    });
    const bind = () => channel.bindQueue(queue, heartbeatExchange, "#");
    await bind();
    // An exchange that somebody deletes takes the binding along, and its repair does not bring that back.
    const rebinding = setInterval(() => void bind().catch(() => {}), rebindMs);
    rebinding.unref();
    channel.once("close", () => clearInterval(rebinding));
    await consumeKept(
      channel,
      queue,
      (message) => {
        const { routingKey } = message.fields;
        const read = readHeartbeat(message.content, routingKey);
        if (typeof read === "string") listener.onUnreadable(routingKey, read);
        else listener.onHeartbeat(read);
      },
      { noAck: true },
    );
  }
  return keepChannel(broker.connection, setUp, listener.onError);
}

/** The report, or why it cannot be one. */
export function readHeartbeat(content: Buffer, routingKey: string): Heartbeat | string {
  if (content.length > reportLimitBytes) return `it has ${content.length} bytes, and a report has a few hundred`;
  let json: unknown;
  try {
    json = JSON.parse(content.toString("utf8"));
  } catch {
    return "it is not JSON";
  }
  const parsed = heartbeat.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return issue === undefined ? "it is not a heartbeat" : `${issue.path.join(".") || "it"}: ${issue.message}`;
  }
  const { namespace, pool } = parsed.data;
  // The broker lets a pool's user send under its own pool only; what the payload says must not go beyond that.
  if (!routingKey.startsWith(`${namespace}.${pool}.`)) {
    return `it speaks for pool ${namespace}/${pool} but came as "${routingKey}"`;
  }
  return parsed.data;
}
