import { expect, test } from "vitest";
import { openConnection } from "../../../operator/src/broker/index.ts";
import { openManyChannels } from "../../../operator/src/broker/many-channels.ts";
import { freshBroker, servers } from "./fixture.ts";

test.each(servers)(
  "channels that one connection has no room for are opened on others, RabbitMQ $version",
  async (server) => {
    const { address } = await freshBroker(server, "many-channels");
    let opened = 0;
    await using many = openManyChannels(() => openConnection(address, `many ${opened++}`), 2);
    const channels = await Promise.all(Array.from({ length: 5 }, () => many.channel()));
    for (const channel of channels) await channel.assertQueue("", { exclusive: true });
    expect(opened).toBe(3);
    // What is closed makes room again.
    await channels[0]?.close();
    await (await many.channel()).assertQueue("", { exclusive: true });
    expect(opened).toBe(3);
  },
);
