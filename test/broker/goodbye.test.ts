import { createServer } from "node:net";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { openConnection as openOperatorConnection } from "../../operator/src/broker/connection.ts";
import { openConnection as openWorkerConnection } from "../../worker-runtime/src/broker/connection.ts";

/** A method of the connection itself, as AMQP frames it. */
function frame(method: number, fields: string): Buffer {
  const payload = Buffer.from(`000a${method.toString(16).padStart(4, "0")}${fields}`, "hex");
  const head = Buffer.from("01000000000000", "hex");
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.from([0xce])]);
}

/** A long string: its length in four bytes, and then itself. */
function text(value: string): string {
  const bytes = Buffer.from(value);
  return bytes.length.toString(16).padStart(8, "0") + bytes.toString("hex");
}

// Version 0.9, no properties, and what it speaks; its limits, without heartbeats; no hints at other hosts.
const start = frame(10, `0009${text("")}${text("PLAIN")}${text("en_US")}`);
const tune = frame(30, "07ff000200000000");
const openOk = frame(41, "00");
// Code 320, CONNECTION_FORCED, without a text, because of no method: as a broker that shuts down.
const close = frame(50, "01400000000000");

/**
 * Greets whoever connects and says goodbye in the same packet, as a broker may that shuts down just then. RabbitMQ cannot be
 * made to do so when a test wants it.
 */
async function departingBroker(): Promise<{ readonly port: number; readonly connections: () => number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    const answers = [start, tune, Buffer.concat([openOk, close])];
    socket.on("data", () => {
      const answer = answers.shift();
      if (answer === undefined) socket.end();
      else socket.write(answer);
    });
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { port: address.port, connections: () => connections };
}

const access = { username: "u", password: "p" };

test("a worker connects again when the broker said goodbye together with its welcome", async () => {
  const { port, connections } = await departingBroker();
  const connection = openWorkerConnection({
    name: "test",
    source: async () => ({ connect: { ...access, hostname: "127.0.0.1", port, vhost: "%2F" }, socket: {} }),
    log: pino({ level: "silent" }),
  });
  onTestFinished(() => connection.stop());
  await expect.poll(connections, { timeout: 30_000 }).toBeGreaterThan(1);
}, 40_000);

test("the operator connects again when the broker said goodbye together with its welcome", async () => {
  const { port, connections } = await departingBroker();
  const place = { host: "127.0.0.1", port, tls: false, vhost: "/", managementUrl: "http://127.0.0.1:15672" };
  const connection = openOperatorConnection({ ...access, ...place }, "test");
  onTestFinished(() => connection[Symbol.asyncDispose]());
  await expect
    .poll(
      async () => {
        await connection.channel().catch(() => {});
        return connections();
      },
      { timeout: 30_000 },
    )
    .toBeGreaterThan(1);
}, 40_000);
