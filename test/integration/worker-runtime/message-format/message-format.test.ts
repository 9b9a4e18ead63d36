import { createProducer, defineJob } from "@jobwright/worker-runtime";
import { deadLetterHeader, header } from "@jobwright/worker-runtime/contract";
import { pino } from "pino";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import type { KeyringSource } from "../../../../worker-runtime/src/message/keyring.ts";
import { createTestQueue, headerOf, type TestQueue } from "../job-queue.ts";
import { runWorker } from "../running-worker.ts";
import { until } from "../until.ts";
import { ensurePython, runPython } from "./python.ts";

beforeAll(ensurePython, 120_000);

const input = z.object({ n: z.number() });
const secret = Buffer.alloc(32, "secret").toString("base64");
const keyring: KeyringSource = { keys: { k1: secret }, current: "k1" };
const factsOf = (queue: TestQueue) => ({ url: queue.vhost.amqpUrl, queue: queue.name, secret });

interface Run {
  n: number;
  id: string;
  key: string | undefined;
  lane: string | undefined;
  attempt: number;
  atMs: number;
}

function recorder() {
  const runs: Run[] = [];
  const job = defineJob({
    name: "resize",
    input,
    run({ n }, { id, key, lane, attempt }) {
      runs.push({ n, id, key, lane, attempt, atMs: Date.now() });
      return { doubled: n * 2 };
    },
  });
  return { runs, job };
}

function produce(queue: TestQueue, encryption?: KeyringSource) {
  const producer = createProducer({
    url: queue.vhost.amqpUrl,
    queue: queue.name,
    log: pino({ level: process.env.LOG_LEVEL ?? "silent" }),
    ...(encryption === undefined ? {} : { encryption }),
  });
  onTestFinished(() => producer.close());
  return producer;
}

test("Python produces: bare, whole, in a lane, delayed, expired; a worker of ours takes them", async () => {
  const queue = await createTestQueue("media.image-resize", ["high"]);
  const { runs, job } = recorder();
  await runWorker(queue, [job], { lanes: [{ name: "high", weight: 1 }], concurrency: 10 });
  const beganMs = Date.now();
  const ids = await runPython(
    `
channel.basic_publish(queue, "resize", b'{"n": 0}', mandatory=True)
channel.basic_publish(queue, "lane.high.resize", b'{"n": 1}', mandatory=True)
tell(enqueue(channel, queue, "resize", {"n": 2}, key="order-7", expires_in=60))
tell(enqueue(channel, queue, "resize", {"n": 3}, lane="high"))
tell(enqueue(channel, queue, "resize", {"n": 4}, delay=2))
tell(enqueue(channel, queue, "resize", {"n": 5}, delay=1.5, lane="high"))
tell(enqueue(channel, queue, "resize", {"n": 6}, expires_in=-1))
`,
    factsOf(queue),
  );
  await until("six runs", () => runs.length === 6);
  const byInput = new Map(runs.map((run) => [run.n, run]));
  expect(byInput.get(0)).toMatchObject({ lane: undefined, attempt: 1 });
  expect(byInput.get(1)).toMatchObject({ lane: "high" });
  expect(byInput.get(2)).toMatchObject({ id: ids[0], key: "order-7", lane: undefined });
  expect(byInput.get(3)).toMatchObject({ id: ids[1], key: undefined, lane: "high" });
  expect(byInput.get(4)).toMatchObject({ id: ids[2], lane: undefined });
  expect((byInput.get(4)?.atMs ?? 0) - beganMs).toBeGreaterThanOrEqual(2_000);
  expect(byInput.get(5)).toMatchObject({ id: ids[3], lane: "high" });
  const letter = await queue.deadLetter();
  expect(letter.properties.messageId).toBe(ids[4]);
  expect(headerOf(letter, deadLetterHeader.reason)).toBe("Expired");
});

test("Python encrypts, and a worker of ours reads it; we encrypt, and Python reads it", async () => {
  const queue = await createTestQueue();
  await produce(queue, keyring).enqueue(defineJob({ name: "resize", input, run() {} }), { n: 1 });
  const [job] = await runPython(
    `
for method, properties, body in take(queue, 1):
    tell(read(method, properties, body, queue, {"k1": secret}))
enqueue(channel, queue, "resize", {"n": 2}, encryption=("k1", secret))
`,
    factsOf(queue),
  );
  expect(job).toMatchObject({ job: "resize", input: { n: 1 } });
  const { runs, job: resize } = recorder();
  await runWorker(queue, [resize], { keyring });
  await until("the run", () => runs.length === 1);
  expect(runs).toMatchObject([{ n: 2 }]);
});

test("Python consumes what our producer sent: it does one job, has one tried again by us, and gives one up", async () => {
  const queue = await createTestQueue("media.image-resize", ["high"]);
  const producer = produce(queue);
  const resize = defineJob({ name: "resize", input, run() {} });
  const first = await producer.enqueue(resize, { n: 1 }, { key: "order-7", expires: new Date(2_000_000_000_000) });
  const second = await producer.enqueue(resize, { n: 2 }, { delay: "1s" });
  const third = await producer.enqueue(resize, { n: 3 }, { lane: "high" });
  const read = await runPython(
    `
for method, properties, body in take(queue, 2):
    job = read(method, properties, body, queue)
    tell(job)
    if job["input"]["n"] == 2:
        retry(channel, queue, properties, body, delay=1)
for method, properties, body in take(queue + ".high", 1):
    tell(read(method, properties, body, queue))
    dead_letter(channel, queue, properties, body, "GaveUp", ValueError("not today"), "python-1")
`,
    factsOf(queue),
  );
  const plain = { job: "resize", attempt: 1, key: null, expires_at_ms: null };
  expect(read).toEqual([
    { ...plain, id: first, key: "order-7", expires_at_ms: 2_000_000_000_000, input: { n: 1 } },
    { ...plain, id: second, input: { n: 2 } },
    { ...plain, id: third, input: { n: 3 } },
  ]);

  const { runs, job } = recorder();
  const worker = await runWorker(queue, [job]);
  await until("the second attempt", () => runs.length === 1);
  expect(runs).toMatchObject([{ n: 2, id: second, attempt: 2 }]);
  const letter = await queue.deadLetter();
  expect(letter.properties).toMatchObject({ messageId: third, type: "resize" });
  expect(headerOf(letter, deadLetterHeader.reason)).toBe("GaveUp");
  expect(headerOf(letter, deadLetterHeader.errorName)).toBe("ValueError");
  expect(headerOf(letter, deadLetterHeader.origin)).toBe(queue.name);
  expect(headerOf(letter, header.attempt)).toBe(1);
  expect(await queue.leftBy(worker)).toBe(0);
});

test.each([
  ["plain", undefined],
  ["encrypted", keyring],
])("Python asks for a reply and follows outcomes: %s", async (_, keys) => {
  const queue = await createTestQueue();
  const { job } = recorder();
  await runWorker(queue, [job], { outcomes: "All", keyring: keys });
  const encryption = keys === undefined ? "None" : '("k1", secret)';
  const [id, reply, outcome] = await runPython(
    `
reply_key = queue + ".python-1"
replies = channel.queue_declare("jobwright.replies." + queue + ".python-1", exclusive=True).method.queue
channel.queue_bind(replies, "jobwright.replies", reply_key)
outcomes = channel.queue_declare("", exclusive=True).method.queue
channel.queue_bind(outcomes, queue + ".outcomes", "done.*")
tell(enqueue(channel, queue, "resize", {"n": 21}, key="order-7", reply_to=reply_key, encryption=${encryption}))
for source in [replies, outcomes]:
    for method, properties, body in take(source, 1):
        event = read(method, properties, body, queue, {"k1": secret})["input"]
        tell({"routing_key": method.routing_key, "correlation_id": properties.correlation_id, "event": event})
`,
    factsOf(queue),
  );
  const event = { id, job: "resize", queue: queue.name, outcome: "done", attempt: 1, key: "order-7" };
  const told = { correlation_id: id, event: { ...event, at: expect.any(Number), output: { doubled: 42 } } };
  expect(reply).toEqual({ ...told, routing_key: `${queue.name}.python-1` });
  expect(outcome).toEqual({ ...told, routing_key: "done.resize" });
});
