import {
  controlQueue,
  type Heartbeat,
  heartbeatExchange,
  heartbeatRoutingKey,
  protocolVersion,
} from "@jobwright/worker-runtime/contract";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Broker, sendCommand, watchHeartbeats } from "../../../operator/src/broker/index.ts";
import { closeConnections, freshBroker, publish, rawChannel, rawConnection, servers } from "./fixture.ts";

const worker = { namespace: "media", pool: "resizers", pod: "resizers-abc" };
const report: Heartbeat = {
  version: "1.0",
  ...worker,
  epoch: 1,
  sequence: 0,
  state: "Running",
  slots: 2,
  busy: 1,
  held: 0,
  started: 1,
  completed: 0,
  failed: 0,
  retried: 0,
  busySeconds: 0.5,
  waitSecondsSum: 0.1,
  lastWaitSeconds: 0.1,
  oldestRunningSeconds: 0.5,
};

async function listening(broker: Broker) {
  const heard: Heartbeat[] = [];
  const unreadable: string[] = [];
  const watch = watchHeartbeats(broker, {
    onHeartbeat: (one) => heard.push(one),
    onUnreadable: (key, why) => unreadable.push(`${key}: ${why}`),
    onError: () => {},
  });
  onTestFinished(() => watch[Symbol.asyncDispose]());
  await watch.ready;
  return { heard, unreadable };
}

describe.each(servers)("heartbeats and commands on RabbitMQ $version", (server) => {
  it("hears every worker of the vhost, and says what it could not read", async () => {
    const broker = await freshBroker(server, "hear");
    const { heard, unreadable } = await listening(broker);
    const connection = await rawConnection(broker);
    await publish(connection, heartbeatExchange, heartbeatRoutingKey(worker), report);
    await publish(connection, heartbeatExchange, "media.others.pod", report);
    await publish(connection, heartbeatExchange, heartbeatRoutingKey(worker), { ...report, version: "9.0" });
    await expect.poll(() => unreadable.length).toBe(2);
    expect(heard).toEqual([report]);
  });

  it("listens again after its connection was closed", async () => {
    const broker = await freshBroker(server, "again");
    const { heard } = await listening(broker);
    await closeConnections(broker);
    const connection = await rawConnection(broker);
    const again = async () => {
      await publish(connection, heartbeatExchange, heartbeatRoutingKey(worker), report);
      return heard.length;
    };
    await expect.poll(again).toBeGreaterThan(0);
  });

  it("commands a worker, and is told when it is not there", async () => {
    const broker = await freshBroker(server, "command");
    expect(await sendCommand(broker, worker, "Cordon")).toEqual({ routed: false });
    const channel = await rawChannel(broker);
    const commands: unknown[] = [];
    await channel.assertQueue(controlQueue(worker), { exclusive: true, durable: false });
    await channel.consume(
      controlQueue(worker),
      (message) => {
        if (message !== null) commands.push(JSON.parse(message.content.toString("utf8")));
      },
      { noAck: true },
    );
    expect(await sendCommand(broker, worker, "Cordon")).toEqual({ routed: true });
    expect(await sendCommand(broker, worker, "Uncordon")).toEqual({ routed: true });
    await expect
      .poll(() => commands)
      .toEqual([
        { version: protocolVersion, type: "Cordon" },
        { version: protocolVersion, type: "Uncordon" },
      ]);
  });
});
