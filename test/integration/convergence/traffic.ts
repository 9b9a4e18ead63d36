import { setTimeout as sleep } from "node:timers/promises";
import { createProducer, defineJob, type Producer } from "@jobwright/worker-runtime";
import { delayEntryExchange, delayRoutingKey, laneRoutingKey } from "@jobwright/worker-runtime/contract";
import { type ChannelModel, type ConfirmChannel, connect } from "amqplib";
import { pino } from "pino";
import { z } from "zod";
import { eventually } from "../operator/scene.ts";
import { createRandom } from "./random.ts";
import { eventsExchange } from "./steps.ts";

/** One job that somebody wanted done. */
interface Sent {
  readonly how: string;
  readonly atMs: number;
  confirmedMs?: number;
  /** When it comes into a queue, if it was delayed. */
  readonly dueMs?: number;
  /** It went with a queue that was deleted by hand. */
  dropped?: boolean;
}

/** Publishes all along, by our producer and by a client of another make, and remembers what it was promised. */
export interface Traffic extends AsyncDisposable {
  readonly sent: ReadonlyMap<string, Sent>;
  /** How often each job was found in a queue. */
  readonly seen: ReadonlyMap<string, number>;
  /** Resolves when nothing is under way. */
  pause(): Promise<void>;
  resume(): void;
  /** Takes all jobs out of these queues, in so far as they exist. */
  collect(queues: readonly string[]): Promise<void>;
  /** From here on, jobs that were delayed until before now and were not seen yet may be lost: a queue is deleted. */
  excuseOverdue(): void;
  /** What was promised, not asked to be dropped, and not found yet. */
  missing(): string[];
}

const job = defineJob({ name: "prop", input: z.object({ id: z.string(), pad: z.string() }), run: async () => {} });
const betweenMs = 40;
/** Longer than a producer waits for the broker, and than a queue is without a leader after a kill. */
const pauseLimitMs = 60_000;
const lanes = ["fast", "bulk", "slow"];

export function startTraffic(options: {
  readonly seed: number;
  readonly amqpUrl: string;
  readonly queue: string;
  producerUri(): Promise<string | undefined>;
}): Traffic {
  const { amqpUrl, queue, producerUri } = options;
  const random = createRandom(options.seed);
  const sent = new Map<string, Sent>();
  const seen = new Map<string, number>();
  const stopping = new AbortController();
  let paused = false;
  let underWay = 0;
  let next = 0;
  let producer: Producer | undefined;
  let producing: string | undefined;

  async function send(how: string, delayMs: number, by: (id: string) => Promise<boolean>): Promise<void> {
    next += 1;
    const id = `${how.replaceAll(" ", "-")}-${next}`;
    const atMs = Date.now();
    const entry: Sent = { how, atMs, ...(delayMs > 0 ? { dueMs: atMs + delayMs } : {}) };
    sent.set(id, entry);
    underWay += 1;
    try {
      if (await by(id)) entry.confirmedMs = Date.now();
    } catch {
      // Refused, or nobody knows: nothing was promised.
    } finally {
      underWay -= 1;
    }
  }

  const pad = () => "x".repeat(random.int(0, 200));

  async function produce(): Promise<void> {
    const uri = await producerUri().catch(() => undefined);
    if (uri !== undefined && uri !== producing) {
      await producer?.close().catch(() => {});
      producer = createProducer({ url: uri, queue, log: pino({ level: "silent" }) });
      producing = uri;
    }
    const by = producer;
    if (by === undefined) return;
    const lane = random.chance(0.4) ? { lane: random.pick(lanes) } : {};
    const seconds = random.chance(0.25) ? random.int(1, 6) : 0;
    const delay = seconds > 0 ? { delay: `${seconds}s` } : {};
    const signal = AbortSignal.timeout(5_000);
    const how = `producer ${lane.lane ?? "unlaned"}${seconds ? ` in ${seconds}s` : ""}`;
    void send(how, seconds * 1000, async (id) => {
      await by.enqueue(job, { id, pad: pad() }, { id, signal, ...lane, ...delay });
      return true;
    });
  }

  let raw: { readonly model: ChannelModel; readonly channel: ConfirmChannel } | undefined;
  let isOpening = false;
  async function open(): Promise<void> {
    isOpening = true;
    try {
      const model = await connect(amqpUrl);
      model.on("error", () => {});
      const channel = await model.createConfirmChannel();
      // Each job that is under way listens.
      channel.setMaxListeners(0);
      const over = () => {
        if (raw?.channel === channel) raw = undefined;
        model.close().catch(() => {});
      };
      channel.on("error", over);
      channel.on("close", over);
      raw = { model, channel };
    } finally {
      isOpening = false;
    }
  }

  function publishRaw(): void {
    const on = raw?.channel;
    if (on === undefined) {
      if (!isOpening) open().catch(() => {});
      return;
    }
    const lane = random.pick(lanes);
    const seconds = random.int(1, 6);
    const target = random.chance(0.5) ? queue : `${queue}.${lane}`;
    const [how, exchange, key, delayMs] = random.pick([
      ["raw", queue, "prop", 0],
      ["raw", queue, "some.foreign.key", 0],
      [`raw ${lane}`, queue, laneRoutingKey(lane, "prop"), 0],
      [`raw to ${target} in ${seconds}s`, delayEntryExchange, delayRoutingKey(seconds * 1000, target), seconds * 1000],
      ["event", eventsExchange, random.pick(["order.placed", "user.created", "order.cancelled"]), 0],
    ] as const);
    void send(how, delayMs, (id) => {
      const { promise, resolve, reject } = Promise.withResolvers<boolean>();
      let returned = false;
      const onReturn = (message: { properties: { messageId?: unknown } }) => {
        if (message.properties.messageId === id) returned = true;
      };
      const closed = () => reject(new Error("the channel was closed"));
      on.on("return", onReturn);
      on.once("close", closed);
      const content = Buffer.from(JSON.stringify({ id, pad: pad() }));
      on.publish(exchange, key, content, { mandatory: true, persistent: true, messageId: id }, (error) => {
        on.off("return", onReturn);
        on.off("close", closed);
        if (error) reject(error);
        else resolve(!returned);
      });
      return promise;
    });
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      if (!paused) {
        await produce();
        publishRaw();
      }
      await sleep(betweenMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }
  const running = run();

  async function collectFrom(name: string): Promise<void> {
    const model = await connect(amqpUrl);
    model.on("error", () => {});
    try {
      const on = await model.createChannel();
      on.on("error", () => {});
      for (;;) {
        const message = await on.get(name);
        if (message === false) break;
        const { id } = JSON.parse(message.content.toString()) as { id: string };
        on.ack(message);
        seen.set(id, (seen.get(id) ?? 0) + 1);
      }
      await on.close();
    } catch (error) {
      if (!/NOT_FOUND|404/.test(String(error))) throw error;
    } finally {
      await model.close().catch(() => {});
    }
  }

  return {
    sent,
    seen,
    async pause() {
      paused = true;
      for (const untilMs = Date.now() + pauseLimitMs; underWay > 0; await sleep(20)) {
        if (Date.now() > untilMs) throw new Error(`${underWay} jobs are neither confirmed nor refused`);
      }
    },
    resume() {
      paused = false;
    },
    async collect(queues) {
      // A quorum queue that has no leader yet ends the connection of who asks.
      for (const each of queues) await eventually(() => collectFrom(each));
    },
    excuseOverdue() {
      const now = Date.now();
      for (const [id, entry] of sent) {
        if (entry.dueMs !== undefined && entry.dueMs < now + 3_000 && !seen.has(id)) entry.dropped = true;
      }
    },
    missing: () =>
      [...sent]
        .filter(([id, { confirmedMs, dropped }]) => confirmedMs !== undefined && !dropped && !seen.has(id))
        .map(([id, { atMs, confirmedMs = 0 }]) => `${id} sent ${time(atMs)} confirmed ${time(confirmedMs)}`),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
      await producer?.close().catch(() => {});
      await raw?.model.close().catch(() => {});
    },
  };
}

/** As logs have it, to find the moment again. */
export function time(ms: number): string {
  return new Date(ms).toISOString().slice(11, 23);
}
