import { defineJob } from "@jobwright/worker-runtime";
import { type Command, controlQueue, type Heartbeat, protocolVersion } from "@jobwright/worker-runtime/contract";
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { watchHeartbeats } from "../../../operator/src/broker/index.ts";
import { readCluster } from "../../cluster/index.ts";
import { createTestQueue } from "./job-queue.ts";
import { runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

const identity = { namespace: "media", pool: "resizers", pod: "resizers-1" };

describe.each(readCluster().brokers)("on RabbitMQ $version", (server) => {
  async function setUp(paused: boolean) {
    const queue = await createTestQueue("media.image-resize", ["fast"], server);
    const beats: Heartbeat[] = [];
    const watch = watchHeartbeats(queue.operator, {
      onHeartbeat: (beat) => beats.push(beat),
      onUnreadable: () => {},
      onError: () => {},
    });
    onTestFinished(() => watch[Symbol.asyncDispose]());
    await watch.ready;
    const running = new Map<number, () => void>();
    const done: number[] = [];
    const job = defineJob({
      name: "resize",
      input: z.number(),
      async run(n) {
        if (n < 0) await new Promise<void>((resolve) => running.set(n, resolve));
        done.push(n);
      },
    });
    const worker = await runWorker(queue, [job], {
      ...{ concurrency: 2, identity, paused },
      lanes: [{ name: "fast", weight: 3 }],
    });
    const channel = await queue.admin.createChannel();
    const say = (type: Exclude<Command["type"], "SetRate">) => {
      const command: Command = { version: protocolVersion, type };
      channel.sendToQueue(controlQueue(identity), Buffer.from(JSON.stringify(command)));
    };
    const heard = (what: string, wanted: Partial<Heartbeat>) => {
      const from = beats.length;
      return until(what, () =>
        beats
          .slice(from)
          .some((beat) => Object.entries(wanted).every(([key, value]) => beat[key as keyof Heartbeat] === value)),
      );
    };
    await until("a heartbeat", () => beats.length > 0);
    const metric = async () =>
      /^jobwright_paused (\d)$/m.exec(
        await (await fetch(`http://127.0.0.1:${worker.telemetryPort}/metrics`)).text(),
      )?.[1];
    return { queue, worker, running, done, say, heard, metric };
  }

  test("a paused worker finishes what runs, hands back the rest, takes nothing, and goes on when it is told", async () => {
    const { queue, worker, running, done, say, heard, metric } = await setUp(false);
    await queue.publish("resize", -1);
    await until("the long job to start", () => running.size === 1);
    const paused = heard("that it is paused", { paused: true, state: "Running", busy: 1 });
    say("Pause");
    await paused;
    expect(await metric()).toBe("1");
    for (let n = 1; n <= 20; n += 1) await queue.publish("resize", n);
    running.get(-1)?.();
    await until("what ran to end", () => done.length === 1);
    // A connection that comes back brings no jobs either.
    await queue.closeConnections("test-worker consume");
    await heard("it again", { paused: true, held: 0, busy: 0 });
    await until("all jobs to be back", async () => (await queue.ready(queue.name)) === 20);
    expect(worker.state).toBe("Running");
    // As the operator does: what is said before the control queue is back is lost.
    const saying = setInterval(() => say("Resume"), 500);
    onTestFinished(() => clearInterval(saying));
    await until("all jobs", () => done.length === 21);
    expect(await metric()).toBe("0");
    expect(await queue.ready(`${queue.name}.dead`)).toBe(0);
    expect(await queue.leftBy(worker)).toBe(0);
  });

  test("a worker that starts paused takes nothing until it is told", async () => {
    const { queue, done, say, heard } = await setUp(true);
    await queue.publish("resize", 1);
    await heard("that it is paused", { paused: true, state: "Running" });
    await heard("it again", { paused: true });
    expect(await queue.ready(queue.name)).toBe(1);
    expect(done).toEqual([]);
    say("Resume");
    await until("the job", () => done.length === 1);
  });

  test("being paused and being cordoned are matters of their own", async () => {
    const { queue, done, say, heard } = await setUp(true);
    await queue.publish("resize", 1);
    let told = heard("that it is drained", { paused: true, state: "Drained" });
    say("Cordon");
    await told;
    told = heard("that it is still paused", { paused: true, state: "Running" });
    say("Uncordon");
    await told;
    await heard("it again", { paused: true, state: "Running" });
    told = heard("that it is drained, though it is paused no more", { paused: false, state: "Drained" });
    say("Cordon");
    say("Resume");
    await told;
    expect(done).toEqual([]);
    expect(await queue.ready(queue.name)).toBe(1);
    say("Uncordon");
    await until("the job", () => done.length === 1);
  });

  test("a paused worker stops at once", async () => {
    const { queue, worker } = await setUp(true);
    await queue.publish("resize", 1);
    await worker.stop();
    expect(worker.state).toBe("Stopped");
    expect(await queue.ready(queue.name)).toBe(1);
  });
});
