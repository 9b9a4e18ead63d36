import { createServer } from "node:net";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { openConnection as openOperatorConnection } from "../../operator/src/broker/connection.ts";
import {
  openConnection as openWorkerConnection,
  type BrokerConnection as WorkerConnection,
} from "../../worker-runtime/src/broker/connection.ts";

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

interface Greeter {
  readonly port: number;
  /** Connections ever opened. */
  readonly opened: () => number;
  /** Those that are there no more. */
  readonly closed: () => number;
}

/** Answers what whoever connects says first with one packet after the other, and says nothing after. RabbitMQ cannot be made to do so when a test wants it. */
async function greeter(packets: readonly Buffer[]): Promise<Greeter> {
  let opened = 0;
  let closed = 0;
  const server = createServer((socket) => {
    opened += 1;
    const answers = [...packets];
    socket.on("data", () => {
      const answer = answers.shift();
      if (answer !== undefined) socket.write(answer);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      closed += 1;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { port: address.port, opened: () => opened, closed: () => closed };
}

/** As one that shuts down just then. */
const departingBroker = () => greeter([start, tune, Buffer.concat([openOk, close])]);
/** As one that the network has cut off since. */
const silentBroker = () => greeter([start, tune, openOk]);

const access = { username: "u", password: "p" };

function connectWorker(port: number): WorkerConnection {
  return openWorkerConnection({
    name: "test",
    source: async () => ({ connect: { ...access, hostname: "127.0.0.1", port, vhost: "%2F" }, socket: {} }),
    log: pino({ level: "silent" }),
  });
}

test("a worker connects again when the broker said goodbye together with its welcome", async () => {
  const { port, opened } = await departingBroker();
  const connection = connectWorker(port);
  onTestFinished(() => connection.stop());
  await expect.poll(opened, { timeout: 30_000 }).toBeGreaterThan(1);
}, 40_000);

test("a connection that is stopped is gone, also where the broker does not answer: nothing waits for it any more", async () => {
  const { port, closed } = await silentBroker();
  const connection = connectWorker(port);
  let lost = false;
  connection.listen({
    up() {},
    down() {
      lost = true;
    },
  });
  await expect.poll(() => connection.isUp, { timeout: 30_000 }).toBe(true);
  await connection.stop();
  await expect.poll(closed, { timeout: 30_000 }).toBe(1);
  expect(lost).toBe(true);
}, 40_000);

test("the operator connects again when the broker said goodbye together with its welcome", async () => {
  const { port, opened } = await departingBroker();
  const place = { host: "127.0.0.1", port, tls: false, vhost: "/", managementUrl: "http://127.0.0.1:15672" };
  const connection = openOperatorConnection({ ...access, ...place }, "test");
  onTestFinished(() => connection[Symbol.asyncDispose]());
  await expect
    .poll(
      async () => {
        await connection.channel().catch(() => {});
        return opened();
      },
      { timeout: 30_000 },
    )
    .toBeGreaterThan(1);
}, 40_000);
