import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { InvalidInput, MessageTooLarge } from "../errors.ts";
import { createInputCodec } from "./input-codec.ts";
import { createKeyring } from "./keyring.ts";

const resize = { name: "resize", input: z.object({ at: z.coerce.date(), n: z.int() }) };
const input = { at: new Date(0), n: 7 };
const plainCodec = createInputCodec({ queue: "media.image" });
const read = (content: string | Buffer, encryption?: string) => ({
  id: "m-1",
  content: Buffer.from(content),
  encryption,
});

function keyring(...ids: string[]) {
  const keys = Object.fromEntries(ids.map((id) => [id, Buffer.alloc(32, id).toString("base64")]));
  return createKeyring({ keys, current: ids[0] ?? "" }, () => {});
}

describe("plain", () => {
  test("what is sealed is opened, both at once", () => {
    const sealed = plainCodec.seal(resize, "m-1", input);
    expect(sealed).toEqual({ content: Buffer.from('{"at":"1970-01-01T00:00:00.000Z","n":7}') });
    if (sealed instanceof Promise) throw new Error("a promise");
    expect(plainCodec.open(resize, read(sealed.content))).toEqual({ ok: true, input });
  });

  test("a schema with something asynchronous is waited for", async () => {
    const job = { name: "slow", input: z.number().refine(async (n) => n < 10) };
    expect(await plainCodec.seal(job, "m-1", 7)).toEqual({ content: Buffer.from("7") });
    await expect(plainCodec.seal(job, "m-1", 11)).rejects.toThrow(InvalidInput);
    expect(await plainCodec.open(job, read("11"))).toMatchObject({ ok: false, reason: "InvalidInput" });
  });

  test.each([
    ["{", "the body is not JSON"],
    ['{"n":"7"}', 'the input of "resize" does not fit its schema:\n'],
  ])("the body %s is refused: %s", (content, message) => {
    const error = expect.objectContaining({ message: expect.stringContaining(message) });
    expect(plainCodec.open(resize, read(content))).toEqual({ ok: false, reason: "InvalidInput", error });
  });

  test.each<[unknown, string]>([
    [10n, "cannot be written as JSON"],
    [undefined, "is undefined, which JSON has no word for"],
  ])("the input %s is refused: it %s", (value, message) => {
    expect(() => plainCodec.seal({ name: "any", input: z.unknown() }, "m-1", value)).toThrow(message);
  });

  test("is checked as a worker will read it", () => {
    const job = { name: "when", input: z.object({ at: z.date() }) };
    expect(() => plainCodec.seal(job, "m-1", { at: new Date() })).toThrow("expected date");
  });
});

describe("size", () => {
  const small = createInputCodec({ queue: "media.image", maxMessageBytes: 10 });
  const text = { name: "text", input: z.string() };

  test("the limit is that of the body, in bytes", () => {
    expect(small.seal(text, "m-1", "12345678")).toEqual({ content: Buffer.from('"12345678"') });
    expect(() => small.seal(text, "m-1", "1234567é")).toThrow(MessageTooLarge);
    expect(() => small.seal(text, "m-1", "1234567é")).toThrow(
      "has 11 bytes, and at most 10 are allowed: store it elsewhere",
    );
    expect(small.open(text, read('"123456789"'))).toMatchObject({ ok: false, reason: "TooLarge" });
  });

  test("16 MiB by default, and a body of 10 MB is none too many", () => {
    expect(() => plainCodec.seal(text, "m-1", "x".repeat(10_000_000))).not.toThrow();
    expect(() => plainCodec.seal(text, "m-1", "x".repeat(16 * 1024 * 1024))).toThrow(MessageTooLarge);
  });
});

describe("JSON Schema", () => {
  const codec = createInputCodec({
    queue: "media.image",
    schemas: { resize: { properties: { n: { maximum: 5 } } }, wrong: { type: "objekt" } },
  });

  test("is checked beside the job's own, on both sides", () => {
    expect(() => codec.seal(resize, "m-1", input)).toThrow(
      'the input of "resize" does not fit the schema of its JobQueue:\n✖ must be <= 5\n  → at /n',
    );
    expect(codec.open(resize, read('{"at":0,"n":7}'))).toMatchObject({ ok: false, reason: "InvalidInput" });
    expect(codec.open(resize, read('{"at":0,"n":5}'))).toMatchObject({ ok: true });
  });

  test("one that is not valid is told before anything runs", async () => {
    await codec.prepare([resize]);
    await expect(codec.prepare([{ ...resize, name: "wrong" }])).rejects.toThrow(
      'the schema of job "wrong" of JobQueue media.image is not a valid JSON Schema',
    );
  });
});

describe("encrypted", () => {
  const codec = createInputCodec({ queue: "media.image", keyring: keyring("k2", "k1") });

  test("is sealed with the current key, and opened with any", async () => {
    const sealed = await codec.seal(resize, "m-1", input);
    expect(sealed.encryption).toBe("k2");
    expect(sealed.content.toString()).not.toContain("1970");
    expect(await codec.open(resize, read(sealed.content, "k2"))).toEqual({ ok: true, input });
    const older = await createInputCodec({ queue: "media.image", keyring: keyring("k1") }).seal(resize, "m-1", input);
    expect(await codec.open(resize, read(older.content, older.encryption))).toEqual({ ok: true, input });
  });

  test("the limit counts the encrypted body", async () => {
    const tight = createInputCodec({ queue: "media.image", keyring: keyring("k1"), maxMessageBytes: 38 });
    await expect(tight.seal({ name: "text", input: z.string() }, "m-1", "123456789")).rejects.toThrow("has 39 bytes");
  });

  test("what cannot be decrypted says why", async () => {
    const { content } = await codec.seal(resize, "m-1", input);
    const opened = async (message: ReturnType<typeof read>, by = codec) => {
      const result = await by.open(resize, message);
      if (result.ok) throw new Error("it was opened");
      expect(result.reason).toBe("Undecryptable");
      return result.error.message;
    };
    expect(await opened(read(content, "k3"))).toContain('the keyring has no key "k3"');
    expect(await opened({ ...read(content, "k2"), id: "m-2" })).toContain('cannot be decrypted with key "k2"');
    expect(await opened(read(randomBytes(40), "k2"))).toContain("altered");
    expect(await opened(read("{}"))).toContain("takes encrypted jobs only, and this one is plain");
    expect(await opened(read(content, "k2"), plainCodec)).toContain("this worker has no keyring");
  });
});
