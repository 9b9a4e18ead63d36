import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { DefinitionError, InvalidOptions } from "../errors.ts";
import { defineJob } from "../job.ts";
import { createProducer, type ProducerOptions } from "./producer.ts";

const url = "amqp://guest:guest@127.0.0.1:1/";

describe("createProducer says at once, and by its name, which option is wrong", () => {
  test.each<[Record<string, unknown>, string]>([
    [{}, "queue is undefined: expected its resolved name"],
    [{ url, queue: "a b" }, 'queue is "a b": expected its resolved name'],
    [{ bindingDirectory: undefined }, "bindingDirectory is undefined: expected the directory where"],
    [{ bindingDirectory: "" }, 'bindingDirectory is "": expected the directory where'],
    [{ binding: undefined }, "binding is undefined: expected the facts"],
    [{ binding: {} }, "queue is undefined"],
    [{ url, queue: "a.b", maxInFlight: "5" }, 'maxInFlight is "5": expected a whole number above 0'],
  ])("%o", (options, message) => {
    const create = () => createProducer(options as unknown as ProducerOptions);
    expect(create).toThrow(DefinitionError);
    expect(create).toThrow(`createProducer: ${message}`);
  });

  test.each<[unknown, string]>([
    [null, "encryption is null: expected"],
    ["", 'encryption is "": expected'],
    [{}, "encryption has neither keyringDirectory nor keys"],
    [{ keyringDirectory: undefined }, "encryption.keyringDirectory is undefined: expected the directory"],
  ])("encryption %o is not taken for none", (encryption, message) => {
    expect(() => createProducer({ url, queue: "a.b", encryption } as ProducerOptions)).toThrow(message);
  });
});

describe("enqueue says which argument is wrong", () => {
  const resize = defineJob({ name: "resize", input: z.unknown(), run() {} });

  test.each<[unknown[], string]>([
    [[], "enqueue: the job is undefined: expected what defineJob returned"],
    [["resize", {}], 'enqueue: the job is "resize": expected what defineJob returned'],
    [[resize, {}, { signal: new AbortController() }], 'enqueue "resize": signal is AbortController'],
    [[resize, {}, { signal: null }], 'enqueue "resize": signal is null: expected an AbortSignal'],
  ])("%#", async (given, message) => {
    await using producer = createProducer({ url, queue: "a.b", log: pino({ level: "silent" }) });
    const enqueue = producer.enqueue as (...given: unknown[]) => Promise<string>;
    const error: unknown = await enqueue(...given).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidOptions);
    expect(String(error)).toContain(message);
  });
});
