import { setTimeout as sleep } from "node:timers/promises";
import { delayEntryExchange, delayRoutingKey } from "@jobwright/worker-runtime/contract";
import { type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect } from "amqplib";
import { ensureTopology, openBroker } from "../../operator/src/broker/index.ts";
import { addressOf, type BrokerClock, type PrivateBroker, startPrivateBroker } from "../../test/broker/index.ts";
import { brokerTime, type ClockProbe } from "./broker-time.ts";
import type { Arrival } from "./verdict.ts";

const target = "bench.delays";
const probeEveryMs = 50;
const unconfirmed = 2_000;
/** So many probes that fit together show that a clock runs at its rate. */
const steadyProbes = 10;

/** One delayed job, as it is seen here. */
export interface SeenJob {
  readonly delaySeconds: number;
  /** When the broker took it, by its clock, ms: read off the job when it comes. */
  takenMs: number | undefined;
  readonly arrivals: Arrival[];
}

/** A broker of the bench's own, with the delay fabric as the operator makes it. */
export interface Stage extends AsyncDisposable {
  /** Enqueues a job for each delay; resolves when the broker has all. */
  enqueue(delaysSeconds: readonly number[]): Promise<void>;
  /** Everything that was enqueued. */
  readonly jobs: readonly SeenJob[];
  /** How many have come. */
  readonly arrived: number;
  /** Kills the broker, and starts it again; its clock then goes on at `rate` from where it was. */
  restart(rate: number): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const broker = await startPrivateBroker("4.0");
  await makeTopology(broker);
  const jobs: SeenJob[] = [];
  let arrived = 0;
  let run = await openRun(broker, 1, onJob);

  function onJob({ content, properties }: ConsumeMessage, arrival: Arrival): void {
    const job = jobs[Number(content.toString())];
    if (job === undefined) throw new Error(`a job came that nobody sent: ${content.toString()}`);
    if (job.arrivals.length === 0) arrived += 1;
    const stamp: unknown = properties.headers?.timestamp_in_ms ?? properties.headers?.sentAt;
    job.takenMs = Number(stamp);
    job.arrivals.push(arrival);
  }

  /** @returns the jobs that the broker refused. */
  async function publishAll(channel: ConfirmChannel, numbers: readonly number[]): Promise<number[]> {
    const refused: number[] = [];
    let sent: Promise<void>[] = [];
    for (const number of numbers) {
      const delayMs = (jobs[number]?.delaySeconds ?? 0) * 1000;
      const properties = { persistent: true, mandatory: true, headers: { sentAt: Date.now() } };
      sent.push(
        new Promise((answered) => {
          const answer = (error: unknown) => {
            if (error !== null) refused.push(number);
            answered();
          };
          const body = Buffer.from(`${number}`);
          channel.publish(delayEntryExchange, delayRoutingKey(delayMs, target), body, properties, answer);
        }),
      );
      if (sent.length < unconfirmed) continue;
      await Promise.all(sent);
      sent = [];
    }
    await Promise.all(sent);
    return refused;
  }

  return {
    jobs,
    get arrived() {
      return arrived;
    },
    async enqueue(delaysSeconds) {
      const channel = await run.connection.createConfirmChannel();
      channel.on("return", () => {
        throw new Error("the delay fabric has no place for a job");
      });
      const first = jobs.length;
      jobs.push(...delaysSeconds.map((delaySeconds) => ({ delaySeconds, takenMs: undefined, arrivals: [] })));
      let left = delaysSeconds.map((_, index) => first + index);
      for (let round = 0; left.length > 0; round += 1) {
        if (round === 50) throw new Error(`the broker refused ${left.length} jobs 50 times`);
        // What the broker refuses it does not have: sent again, as a producer would.
        if (round > 0) await sleep(100);
        left = await publishAll(channel, left);
      }
      await channel.close();
    },
    async restart(rate) {
      const wasMs = run.now();
      await run.end();
      await broker.kill();
      // Upwards, so that its clock is never set back.
      const clock: BrokerClock | undefined =
        rate === 1 && run.rate === 1 ? undefined : { startAt: new Date(Math.ceil(wasMs / 1000) * 1000), rate };
      await broker.start(clock);
      run = await openRun(broker, rate, onJob);
    },
    async [Symbol.asyncDispose]() {
      await run.end();
      await broker[Symbol.asyncDispose]();
    },
  };
}

async function makeTopology(broker: PrivateBroker): Promise<void> {
  await using operator = openBroker(addressOf(broker, "/"), "bench");
  const queue = { name: target, deliveryLimit: 20, deadLetter: { retentionMs: 3_600_000 } };
  await ensureTopology(operator, queue, { fresh: true });
}

/** From one start of the broker to the next. */
interface Run {
  readonly connection: ChannelModel;
  readonly rate: number;
  /** The broker's clock, at the latest. */
  now(): number;
  end(): Promise<void>;
}

async function openRun(
  broker: PrivateBroker,
  rate: number,
  onJob: (message: ConsumeMessage, arrival: Arrival) => void,
): Promise<Run> {
  // No heartbeats: the broker's would come too fast.
  const open = () => connect(`${broker.amqpUrl}/?heartbeat=0`, { noDelay: true });
  const connection = await open();
  // Apart: the broker holds back a connection that publishes faster than its queues store.
  const probing = await open();
  const probes: ClockProbe[] = [];
  const waiting: { readonly message: ConsumeMessage; readonly atMs: number }[] = [];
  let upSinceMs: number | undefined;
  let ending = false;
  for (const each of [connection, probing]) {
    each.on("error", (error) => {
      if (!ending) throw error;
    });
  }

  const timeAt = (atMs: number) => {
    if (rate > 1) return brokerTime(probes, rate, atMs);
    // The machine's own.
    const now = Date.now() - (performance.now() - atMs);
    return { fromMs: now, toMs: now };
  };

  /** Tells jobs whose time can be told: their probes come before and after them. */
  function tell(everything: boolean): void {
    const untilMs = everything ? Number.POSITIVE_INFINITY : performance.now() - 4 * probeEveryMs;
    while ((waiting[0]?.atMs ?? Number.POSITIVE_INFINITY) < untilMs) {
      const next = waiting.shift();
      if (next === undefined) return;
      const at = timeAt(next.atMs);
      if (at === undefined) throw new Error("the broker's clock could not be read: it does not run evenly");
      upSinceMs ??= timeAt(beganMs)?.toMs ?? at.toMs;
      onJob(next.message, { at, upSinceMs, rate });
    }
  }

  const channel = await probing.createChannel();
  const tick = () => void channel.sendToQueue(clockQueue, Buffer.from(`${performance.now()}`));
  const { queue: clockQueue } = await channel.assertQueue("", { exclusive: true });
  await channel.consume(
    clockQueue,
    (message) => {
      if (message === null) return;
      const stamp: unknown = message.properties.headers?.timestamp_in_ms;
      if (typeof stamp !== "number") return;
      probes.push({ sentMs: Number(message.content.toString()), arrivedMs: performance.now(), stampMs: stamp });
    },
    { noAck: true },
  );
  if (rate > 1)
    await until(
      () => evenly(probes.slice(-steadyProbes), rate),
      () => tick(),
    );
  probes.splice(0, probes.length - steadyProbes);
  const beganMs = performance.now();
  const jobsChannel = await connection.createChannel();
  await jobsChannel.consume(target, (message) => {
    if (message === null) return;
    waiting.push({ message, atMs: performance.now() });
    jobsChannel.ack(message);
  });
  const ticking = setInterval(() => {
    if (rate > 1) tick();
    tell(false);
  }, probeEveryMs);

  return {
    connection,
    rate,
    now: () => timeAt(performance.now())?.toMs ?? Date.now(),
    async end() {
      clearInterval(ticking);
      ending = true;
      await Promise.all([connection, probing].map((each) => each.close().catch(() => {})));
      tell(true);
    },
  };
}

function evenly(probes: readonly ClockProbe[], rate: number): boolean {
  const last = probes.at(-1);
  return probes.length === steadyProbes && last !== undefined && brokerTime(probes, rate, last.arrivedMs) !== undefined;
}

/** Probes the clock until it runs as it should. */
async function until(reached: () => boolean, probe: () => void): Promise<void> {
  const giveUpAt = performance.now() + 30_000;
  while (!reached()) {
    if (performance.now() > giveUpAt) throw new Error("the broker's clock does not run at its rate after 30 s");
    probe();
    await sleep(probeEveryMs);
  }
}
