import { expect, test } from "vitest";
import { createMethodCounter } from "./amqp-methods.ts";

function frame(type: number, payloadBytes: number): Buffer {
  const header = Buffer.alloc(7);
  header[0] = type;
  header.writeUInt32BE(payloadBytes, 3);
  return Buffer.concat([header, Buffer.alloc(payloadBytes, 1), Buffer.from([0xce])]);
}

const sent = Buffer.concat([
  Buffer.from("AMQP\0\0\x09\x01"),
  frame(1, 20),
  // A message: its method, its header, its body; then a heartbeat.
  ...[frame(1, 30), frame(2, 14), frame(3, 100), frame(8, 0)],
  frame(1, 5),
]);

test.each([1, 3, 7, 50, sent.length])("methods are counted in pieces of %d bytes", (size) => {
  let methods = 0;
  const count = createMethodCounter(() => {
    methods += 1;
  });
  for (let at = 0; at < sent.length; at += size) count(sent.subarray(at, at + size));
  expect(methods).toBe(3);
});
