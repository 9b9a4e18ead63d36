import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProducer, defineJob, GiveUp, type ProducerOptions, RetryLater } from "@jobwright/worker-runtime";
import { deadLetterHeader, header } from "@jobwright/worker-runtime/contract";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { createTestQueue, headerOf, type TestQueue } from "./job-queue.ts";
import { runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

const input = z.object({ secret: z.string() });
const job = defineJob({ name: "store", input, run() {} });

/** A keyring as it is mounted: the test may add keys to it. */
async function keyringWith(files: Record<string, string>) {
  const keyringDirectory = await mkdtemp(join(tmpdir(), "keyring-"));
  onTestFinished(() => rm(keyringDirectory, { recursive: true, force: true }));
  const write = async (more: Record<string, string>) => {
    for (const [name, text] of Object.entries(more)) await writeFile(join(keyringDirectory, name), text);
  };
  await write(files);
  return { source: { keyringDirectory }, write };
}

const newKey = () => randomBytes(32).toString("base64");

function produce(queue: TestQueue, options: Partial<ProducerOptions>) {
  const log = pino({ level: process.env.LOG_LEVEL ?? "silent" });
  const producer = createProducer({ url: queue.vhost.amqpUrl, queue: queue.name, log, ...options });
  onTestFinished(() => producer.close());
  return producer;
}

test("inputs are secret on the broker, in retries with new input and in dead letters", async () => {
  const queue = await createTestQueue();
  const keyring = await keyringWith({ k1: newKey(), current: "k1" });
  const producer = produce(queue, { encryption: keyring.source });
  await producer.enqueue(job, { secret: "swordfish" });
  const channel = await queue.admin.createChannel();
  const message = await channel.get(queue.name);
  if (!message) throw new Error("the queue is empty");
  expect(headerOf(message, header.encryption)).toBe("k1");
  expect(message.content.toString("latin1")).not.toContain("swordfish");
  channel.nack(message, false, true);

  const seen: string[] = [];
  const forgetful = defineJob({
    name: "store",
    input,
    run({ secret }) {
      seen.push(secret);
      if (secret === "swordfish") throw new RetryLater({ after: "1s", input: { secret: "marlin" } });
      throw new GiveUp("enough");
    },
  });
  await runWorker(queue, [forgetful], { keyring: keyring.source });
  const letter = await queue.deadLetter();
  expect(seen).toEqual(["swordfish", "marlin"]);
  expect(headerOf(letter, header.encryption)).toBe("k1");
  expect(letter.content.toString("latin1")).not.toContain("marlin");
});

test("keys rotate while jobs are on their way: none is lost, and nothing is restarted", async () => {
  const queue = await createTestQueue();
  const keyring = await keyringWith({ k1: newKey(), current: "k1" });
  const seen = new Set<string>();
  const store = defineJob({ name: "store", input, run: ({ secret }) => seen.add(secret) });
  await runWorker(queue, [store], { keyring: keyring.source, concurrency: 10 });

  const before = produce(queue, { encryption: keyring.source });
  const send = (producer: typeof before, name: string, count: number, delay?: string) =>
    producer.enqueueMany(
      job,
      Array.from({ length: count }, (_, n) => ({ secret: `${name}-${n}` })),
      delay === undefined ? {} : { delay },
    );
  await send(before, "delayed", 20, "3s");
  const old = send(before, "old", 300);
  await keyring.write({ k2: newKey(), current: "k2" });
  // It reads the keyring anew, as the first one will within 30 s.
  const after = produce(queue, { encryption: keyring.source });
  await Promise.all([old, send(after, "new", 300)]);
  await until("every job to run", () => seen.size === 620);
  expect(await queue.ready(`${queue.name}.dead`)).toBe(0);
});

test("a plain job, an altered one and one of an unknown key are dead-lettered, unread", async () => {
  const queue = await createTestQueue();
  const keyring = await keyringWith({ k1: newKey(), current: "k1" });
  await runWorker(queue, [job], { keyring: keyring.source });
  const expectUndecryptable = async (words: string) => {
    const letter = await queue.deadLetter();
    expect(headerOf(letter, deadLetterHeader.reason)).toBe("Undecryptable");
    expect(headerOf(letter, deadLetterHeader.errorMessage)).toContain(words);
  };
  await queue.publish("store", { secret: "plain" });
  await expectUndecryptable("this one is plain: give its producer the keyring");
  await queue.publish("store", randomBytes(50), { messageId: "m-1", headers: { [header.encryption]: "k1" } });
  await expectUndecryptable('cannot be decrypted with key "k1"');
  const stranger = produce(queue, { encryption: { keys: { k9: newKey() }, current: "k9" } });
  await stranger.enqueue(job, { secret: "strange" });
  await expectUndecryptable('the keyring has no key "k9"');
});

test("a worker without a readable keyring does not start", async () => {
  const queue = await createTestQueue();
  const keyring = { keyringDirectory: "/nowhere" };
  await expect(runWorker(queue, [job], { keyring })).rejects.toThrow("cannot read the keyring /nowhere");
});
