import type { Channel, ChannelModel } from "amqplib";
import type { Logger } from "pino";
import { createBackoff } from "./broker/backoff.ts";
import type { BrokerConnection } from "./broker/connection.ts";
import { type Command, command, controlQueue, type WorkerIdentity } from "./contract/index.ts";
import { messageOf } from "./errors.ts";

export interface ControlOptions {
  readonly connection: BrokerConnection;
  readonly identity: WorkerIdentity;
  readonly log: Logger;
  /** Must not throw. */
  onCommand(command: Command): void;
}

/**
 * Takes the operator's commands from the worker's own control queue, declared anew on each connection: it is exclusive,
 * so commands of an earlier life go with it. After a lost connection the broker may hold on to the old one for a while
 * (405, resource locked); so declaring is tried until it works.
 */
export function takeCommands({ connection, identity, log, onCommand }: ControlOptions): void {
  const queue = controlQueue(identity);
  const backoff = createBackoff(500, 5_000);
  let model: ChannelModel | undefined;

  connection.listen({
    up(next) {
      model = next;
      backoff.reset();
      attach(next);
    },
    down() {
      model = undefined;
    },
  });

  function attach(on: ChannelModel): void {
    if (on !== model) return;
    open(on, () => retry(on)).catch((error: unknown) => {
      log.warn({ brokerQueue: queue, reason: messageOf(error) }, "cannot take commands yet");
      retry(on);
    });
  }

  function retry(on: ChannelModel): void {
    setTimeout(() => attach(on), backoff.next()).unref();
  }

  async function open(on: ChannelModel, onEnd: () => void): Promise<void> {
    const channel: Channel = await on.createChannel();
    let attached = false;
    channel.on("error", (error) => log.debug({ err: error }, "the broker closed the channel for commands"));
    channel.once("close", () => {
      // Before it was attached, the rejection below says the same.
      if (attached) onEnd();
    });
    await channel.assertQueue(queue, { exclusive: true, durable: false, autoDelete: false });
    await channel.consume(
      queue,
      (message) => {
        // null: somebody deleted the queue. Closing the channel makes us begin again.
        if (message === null) channel.close().catch(() => {});
        else take(message.content);
      },
      { noAck: true },
    );
    attached = true;
    backoff.reset();
  }

  function take(content: Buffer): void {
    let parsed: ReturnType<typeof command.safeParse>;
    try {
      parsed = command.safeParse(JSON.parse(content.toString("utf8")));
    } catch (error) {
      log.warn({ err: error }, "a command is not JSON; ignored");
      return;
    }
    if (parsed.success) onCommand(parsed.data);
    else log.warn({ reason: parsed.error.message }, "a command that this worker does not know; ignored");
  }
}
