import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createKeyring } from "./keyring.ts";

const newKey = () => randomBytes(32).toString("base64");

/** A keyring's directory, and a clock that the test sets. */
async function directoryWith(files: Record<string, string>) {
  const path = await mkdtemp(join(tmpdir(), "keyring-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  const write = async (more: Record<string, string>) => {
    for (const [name, text] of Object.entries(more)) await writeFile(join(path, name), text);
  };
  await write(files);
  const waiting: { delayMs: number; then: () => void }[] = [];
  const clock = {
    ms: 0,
    monotonic: () => clock.ms,
    after(delayMs: number, then: () => void) {
      waiting.push({ delayMs, then });
      return () => {};
    },
  };
  const stale: unknown[] = [];
  const keyring = createKeyring({ keyringDirectory: path }, (error) => stale.push(error), clock);
  return { path, write, clock, waiting, stale, keyring };
}

test("files are keys, but for current and what Kubernetes hides", async () => {
  const { keyring } = await directoryWith({ a: newKey(), b: `${newKey()}\n`, current: "b\n", "..data": "no key" });
  expect((await keyring.current()).id).toBe("b");
  expect((await keyring.find("a"))?.id).toBe("a");
});

test("a new current is followed within 30 s", async () => {
  const { keyring, write, clock } = await directoryWith({ a: newKey(), current: "a" });
  await keyring.current();
  await write({ b: newKey(), current: "b" });
  clock.ms = 29_999;
  expect((await keyring.current()).id).toBe("a");
  clock.ms = 30_000;
  expect((await keyring.current()).id).toBe("b");
});

test("an unknown id is looked for again, a second after the last time at the earliest", async () => {
  const { keyring, write, clock, waiting } = await directoryWith({ a: newKey(), current: "a" });
  await keyring.current();
  clock.ms = 600;
  const found = Promise.all([keyring.find("b"), keyring.find("c"), keyring.find("b")]);
  await new Promise(setImmediate);
  expect(waiting.map(({ delayMs }) => delayMs)).toEqual([400, 400, 400]);
  await write({ b: newKey() });
  clock.ms = 1_000;
  for (const { then } of waiting) then();
  expect((await found).map((key) => key?.id)).toEqual(["b", undefined, "b"]);
});

test("when the directory turns bad the keys known stay, and it is told", async () => {
  const { keyring, path, clock, stale } = await directoryWith({ a: newKey(), current: "a" });
  await keyring.current();
  await rm(join(path, "current"));
  clock.ms = 60_000;
  expect((await keyring.current()).id).toBe("a");
  expect(stale).toHaveLength(1);
});

test.each<[Record<string, string>, string]>([
  [{ a: newKey() }, 'has no file "current"'],
  [{ a: newKey(), current: "b" }, 'current names "b": expected one of a'],
  [{ a: "c2hvcnQ=", current: "a" }, 'key "a" has 5 bytes: expected 32 bytes in base64'],
])("%o: %s", async (files, message) => {
  const { keyring } = await directoryWith(files);
  await expect(keyring.current()).rejects.toThrow(message);
});

test("a directory that is not there is named", async () => {
  const keyring = createKeyring({ keyringDirectory: "/nowhere" }, () => {});
  await expect(keyring.current()).rejects.toThrow("cannot read the keyring /nowhere");
});

test("given keys are checked at once, and never shown", () => {
  const open = () => createKeyring({ keys: { a: "c2VjcmV0" }, current: "a" }, () => {});
  expect(open).toThrow('the keyring encryption.keys is wrong: key "a" has 6 bytes');
  expect(open).not.toThrow("c2VjcmV0");
});
