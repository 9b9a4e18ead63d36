import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { openConnection } from "../../../operator/src/broker/index.ts";
import { keepChannel } from "../../../operator/src/broker/keep-channel.ts";
import { createAmqpProxy } from "../worker-runtime/amqp-proxy.ts";
import { freshBroker, servers } from "./fixture.ts";

test.each(servers)(
  "a kept channel ends even if its connection is lost as it is being closed, RabbitMQ $version",
  async (server) => {
    const { address } = await freshBroker(server, "keep-channel");
    const { host, port, username, password, vhost } = address;
    const vhostUrl = `amqp://${username}:${password}@${host}:${port}/${encodeURIComponent(vhost)}`;
    const proxy = await createAmqpProxy({ name: vhost, amqpUrl: vhostUrl, [Symbol.asyncDispose]: async () => {} });
    const { hostname, port: proxied } = new URL(proxy.amqpUrl);
    const connection = openConnection({ ...address, host: hostname, port: Number(proxied) }, "kept");
    const kept = keepChannel(
      connection,
      async () => {},
      () => {},
    );
    await kept.ready;
    proxy.silence("kept");
    const ended = kept[Symbol.asyncDispose]().then(() => "ended");
    // What it said last is on its way.
    await sleep(100);
    proxy.cut();
    expect(await Promise.race([ended, sleep(20_000, "waits")])).toBe("ended");
    await connection[Symbol.asyncDispose]();
  },
);
