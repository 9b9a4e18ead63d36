import type { Channel } from "amqplib";
import { expect, test } from "vitest";
import { BrokerUnreachable, PublishRefused } from "./errors.ts";
import { useChannel } from "./use-channel.ts";

/** A connection with one channel, which tells whether it was closed. */
function connection() {
  const told = { closed: 0 };
  const channel = {
    once: () => {},
    async close() {
      told.closed += 1;
    },
  } as unknown as Channel;
  return { told, channel: async () => channel };
}

test("what amqplib fails with is the broker's silence, so that it is looked at again soon", async () => {
  const on = connection();
  const ended = useChannel(on, "looking", () =>
    Promise.reject(new Error("Channel ended, no reply will be forthcoming")),
  );
  await expect(ended).rejects.toThrow(BrokerUnreachable);
  await expect(ended).rejects.toThrow(/did not answer on looking \(Channel ended, no reply will be forthcoming\)/);
  expect(on.told.closed).toBe(1);
});

test("an error that says its cause already stays as it is", async () => {
  const on = connection();
  const refused = new PublishRefused("RabbitMQ takes no messages now: memory");
  await expect(useChannel(on, "moving", () => Promise.reject(refused))).rejects.toBe(refused);
  expect(on.told.closed).toBe(1);
});
