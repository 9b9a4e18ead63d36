import { type Channel, type ChannelModel, connect, type Options } from "amqplib";
import type { TestContext } from "vitest";
import type { Scene } from "./scene.ts";

/** A party that connects by itself, with the credentials that the operator wrote for it. */
export interface Party {
  readonly model: ChannelModel;
  /** Publishes mandatory and confirmed. Rejects with the broker's words if it refuses. */
  publish(
    exchange: string,
    routingKey: string,
    body: unknown,
    options?: Options.Publish,
  ): Promise<"routed" | "unroutable">;
  /** Does something on a channel of its own. Rejects with the broker's words if it refuses. */
  onChannel<T>(work: (channel: Channel) => Promise<T>): Promise<T>;
}

/** Connects with the credentials in a Secret of the scene's namespace. */
export async function connectAs(context: TestContext, scene: Scene, secret: string): Promise<Party> {
  const { uri } = (await scene.secret(secret)) ?? {};
  if (uri === undefined) throw new Error(`Secret ${scene.namespace}/${secret} has no uri`);
  return party(context, uri);
}

/** Connects as the broker's administrator. */
export function connectAsAdministrator(context: TestContext, { server, vhost }: Scene): Promise<Party> {
  return party(context, `${server.amqpUrl}/${encodeURIComponent(vhost)}`);
}

/** Takes every job out of a queue, in order. */
export async function takeIn(context: TestContext, scene: Scene, queue: string): Promise<unknown[]> {
  const administrator = await connectAsAdministrator(context, scene);
  return administrator.onChannel(async (channel) => {
    const bodies: unknown[] = [];
    for (;;) {
      const message = await channel.get(queue, { noAck: true });
      if (message === false) return bodies;
      bodies.push(JSON.parse(message.content.toString()));
    }
  });
}

async function party(context: TestContext, uri: string): Promise<Party> {
  const model = await connect(uri);
  model.on("error", () => {});
  context.onTestFinished(() => model.close().catch(() => {}));

  /** What the broker refuses it says by closing the channel, or the connection. */
  async function race<T>(channel: Channel, work: () => Promise<T>): Promise<T> {
    const refused = Promise.withResolvers<never>();
    channel.once("error", refused.reject);
    model.once("error", refused.reject);
    try {
      return await Promise.race([work(), refused.promise]);
    } finally {
      model.off("error", refused.reject);
      refused.promise.catch(() => {});
      await channel.close().catch(() => {});
    }
  }

  return {
    model,
    async publish(exchange, routingKey, body, options = {}) {
      const channel = await model.createConfirmChannel();
      let outcome: "routed" | "unroutable" = "routed";
      channel.on("return", () => {
        outcome = "unroutable";
      });
      await race(channel, async () => {
        channel.publish(exchange, routingKey, Buffer.from(JSON.stringify(body)), {
          mandatory: true,
          persistent: true,
          ...options,
        });
        await channel.waitForConfirms();
      });
      return outcome;
    },
    async onChannel(work) {
      const channel = await model.createChannel();
      return race(channel, () => work(channel));
    },
  };
}

/** Has the JobQueue's default producer publish so many jobs called send, and waits until the broker has them. */
export async function publishMany(context: TestContext, scene: Scene, name: string, count: number): Promise<void> {
  const { model } = await connectAs(context, scene, `${name}-producer`);
  const channel = await model.createConfirmChannel();
  for (let n = 1; n <= count; n += 1) {
    channel.publish(`${scene.namespace}.${name}`, "send", Buffer.from(JSON.stringify({ n })), { persistent: true });
  }
  await channel.waitForConfirms();
}
