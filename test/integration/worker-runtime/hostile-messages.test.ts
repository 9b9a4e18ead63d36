import { defineJob } from "@jobwright/worker-runtime";
import { deadLetterHeader, header } from "@jobwright/worker-runtime/contract";
import { expect, test } from "vitest";
import { z } from "zod";
import { createTestQueue, headerOf } from "./job-queue.ts";
import { memoryLog } from "./memory-log.ts";
import { quickRetry, runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

const polluting = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"n":1}';
const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;

/** What goes to the dead letters, with the reason that it is given. */
const refused: readonly [what: string, type: string, body: Buffer, reason: string][] = [
  ["no JSON", "open", Buffer.from("{"), "InvalidInput"],
  ["nothing", "open", Buffer.alloc(0), "InvalidInput"],
  ["bytes that are no UTF-8", "open", Buffer.from([0xff, 0xfe, 0x00]), "InvalidInput"],
  ["arrays in arrays, 200,000 deep, for a job with a JSON Schema", "nested", Buffer.from(deep), "InvalidInput"],
  ["a job called __proto__", "__proto__", Buffer.from("1"), "UnknownJob"],
  ["a job called constructor", "constructor", Buffer.from("1"), "UnknownJob"],
];

/** Headers that are not what they should be; each is as good as absent. */
const oddHeaders: readonly Record<string, unknown>[] = [
  { [header.attempt]: "many", [header.enqueuedAt]: { nested: [1, { deeper: "x" }] } },
  { [header.attempt]: -7, [header.dueAt]: -1, [header.expiresAt]: "never" },
  { [header.attempt]: 1.5, [header.enqueuedAt]: 8.64e15, [header.key]: "__proto__" },
  { [header.attempt]: true, [header.key]: ["a"], [header.encryption]: 12 },
  { traceparent: 17, tracestate: { a: 1 }, "x-death": "no list", "x-delivery-count": "many" },
  JSON.parse('{"__proto__":"polluted","constructor":"x"}'),
];

test("whatever a hostile producer sends, it is dead-lettered or done, nothing is polluted, and the next job is run", async () => {
  const queue = await createTestQueue();
  const { log } = memoryLog();
  const seen: unknown[] = [];
  const open = defineJob({ name: "open", input: z.looseObject({}), run: (input) => void seen.push(input) });
  const nested = defineJob({ name: "nested", input: z.unknown(), run: (input) => void seen.push(input) });
  const nest = { $ref: "#/$defs/nest", $defs: { nest: { items: { $ref: "#/$defs/nest" } } } };
  const settings = { retry: { ...quickRetry, maxAttempts: 1 }, schemas: { nested: nest } };
  const worker = await runWorker(queue, [open, nested], settings, { log });

  for (const [what, type, body, reason] of refused) {
    await queue.publish(type, body);
    const letter = await queue.deadLetter();
    expect(headerOf(letter, deadLetterHeader.reason), what).toBe(reason);
    expect(letter.content.equals(body), what).toBe(true);
  }
  expect(seen).toEqual([]);

  for (const headers of oddHeaders) await queue.publish("open", { n: 1 }, { headers });
  await queue.publish("open", Buffer.from(polluting));
  await until("the odd ones are done", () => seen.length === oddHeaders.length + 1);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  expect(await queue.leftBy(worker)).toBe(0);
});
