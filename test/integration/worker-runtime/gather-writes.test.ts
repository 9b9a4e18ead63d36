import type { Socket } from "node:net";
import { connect } from "amqplib";
import { expect, onTestFinished, test } from "vitest";
import { gatherWrites } from "../../../worker-runtime/src/broker/gather-writes.ts";
import { createTestQueue } from "./job-queue.ts";

type Writev = NonNullable<Socket["_writev"]>;

test("frames of one turn leave in one call: amqplib's socket is still where it was", async () => {
  const { vhost } = await createTestQueue();
  const model = await connect(vhost.amqpUrl);
  onTestFinished(() => model.close());
  gatherWrites(model);
  const { stream } = model.connection as unknown as { stream: Socket };
  const calls: number[] = [];
  const writev = stream._writev?.bind(stream) as Writev;
  stream._writev = (chunks, done) => {
    calls.push(chunks.length);
    writev(chunks, done);
  };

  const channel = await model.createConfirmChannel();
  for (let sent = 0; sent < 10; sent += 1) channel.publish("", "nobody", Buffer.from("x"));
  await channel.waitForConfirms();
  expect(Math.max(...calls)).toBeGreaterThanOrEqual(10);
});
