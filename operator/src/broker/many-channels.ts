import type { Channel } from "amqplib";
import type { BrokerConnection } from "./connection.ts";

/** A connection has room for 2,047 channels, as RabbitMQ is set up (`channel_max`); who sets less seldom sets less than this. */
const channelsEach = 500;

/** As many connections as the channels that are asked for need. */
export interface ManyChannels extends AsyncDisposable {
  /** A new channel, on a connection with room for it. Throws what {@link BrokerConnection.channel} throws. */
  channel(): Promise<Channel>;
}

export function openManyChannels(open: () => BrokerConnection, most = channelsEach): ManyChannels {
  const connections: { readonly connection: BrokerConnection; channels: number }[] = [];

  function withRoom() {
    const found = connections.find(({ channels }) => channels < most);
    if (found !== undefined) return found;
    const next = { connection: open(), channels: 0 };
    connections.push(next);
    return next;
  }

  return {
    async channel() {
      const on = withRoom();
      // Counted before it is there: many ask at once.
      on.channels += 1;
      try {
        const channel = await on.connection.channel();
        channel.once("close", () => {
          on.channels -= 1;
        });
        return channel;
      } catch (error) {
        on.channels -= 1;
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(connections.map(({ connection }) => connection[Symbol.asyncDispose]()));
    },
  };
}
