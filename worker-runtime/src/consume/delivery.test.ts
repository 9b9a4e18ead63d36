import type { ConsumeMessage } from "amqplib";
import { expect, test } from "vitest";
import { ChannelDelivery, type DeliveryOwner } from "./delivery.ts";

const message = { content: Buffer.alloc(0), fields: { deliveryTag: 1 } } as ConsumeMessage;

function delivered(channel: { closed: boolean }) {
  const said: string[] = [];
  const say = (what: string) => {
    if (channel.closed) throw new Error("the channel is closed");
    said.push(what);
  };
  const owner: DeliveryOwner = {
    laneOf: () => undefined,
    ack: () => say("ack"),
    handBack: () => say("back"),
    released: () => said.push("released"),
    postpone: () => false,
  };
  return { delivery: new ChannelDelivery(owner, message, 0), said };
}

test("a delivery is settled once, and released once", () => {
  const { delivery, said } = delivered({ closed: false });
  expect([delivery.ack(), delivery.ack(), delivery.handBack()]).toEqual([true, false, false]);
  expect([delivery.open, delivery.lost.aborted]).toEqual([false, false]);
  delivery.release();
  delivery.release();
  expect(said).toEqual(["ack", "released"]);
});

test.each(["ack", "handBack"] as const)("what cannot be said because the channel closed is lost: %s", (settle) => {
  const { delivery } = delivered({ closed: true });
  const { lost } = delivery;
  expect(delivery[settle]()).toBe(false);
  expect(delivery.open).toBe(false);
  expect(lost.reason).toMatchObject({ name: "DeliveryLost" });
});
