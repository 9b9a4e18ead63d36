import { beforeEach, expect, test, vi } from "vitest";
import type { Secret } from "../credentials/secret-data.ts";
import { createSecretReader } from "./secret-reader.ts";

/** What the API server has, how often it was asked, and what the watch has seen of it. */
const server = new Map<string, string>();
const watched = new Map<string, string>();
let reads = 0;
const client = {
  async get(_: unknown, name: string, namespace?: string) {
    reads += 1;
    const text = server.get(`${namespace}/${name}`);
    return text === undefined ? undefined : ({ metadata: { name }, data: { text } } as never);
  },
};
const read = createSecretReader(client, {
  covers: (namespace) => namespace === "post",
  versionOf: (key) => watched.get(key),
});
const text = (secret: Secret | undefined) => secret?.data?.text;

beforeEach(() => {
  vi.useFakeTimers();
  server.clear();
  watched.clear();
  reads = 0;
});

test("a Secret is read once, however many ask for however long, until the watch tells of a change", async () => {
  server.set("post/broker", "old");
  watched.set("post/broker", "1");
  const found = await Promise.all([read("post", "broker"), read("post", "broker")]);
  vi.advanceTimersByTime(3_600_000);
  expect([...found, await read("post", "broker")].map(text)).toEqual(["old", "old", "old"]);
  expect(reads).toBe(1);
  server.set("post/broker", "new");
  watched.set("post/broker", "2");
  expect(text(await read("post", "broker"))).toBe("new");
  expect(reads).toBe(2);
});

test("a Secret that the watch has not seen yet is found, and read again once it has", async () => {
  expect(await read("post", "late")).toBeUndefined();
  server.set("post/late", "first");
  expect(text(await read("post", "late"))).toBe("first");
  watched.set("post/late", "1");
  expect(text(await read("post", "late"))).toBe("first");
  expect(reads).toBe(3);
});

test("a Secret that was deleted is not remembered", async () => {
  server.set("post/gone", "there");
  watched.set("post/gone", "1");
  await read("post", "gone");
  server.delete("post/gone");
  watched.delete("post/gone");
  expect(await read("post", "gone")).toBeUndefined();
});

test("a Secret that nobody watches is remembered for 5 s", async () => {
  server.set("elsewhere/broker", "old");
  await read("elsewhere", "broker");
  server.set("elsewhere/broker", "new");
  vi.advanceTimersByTime(4_999);
  expect(text(await read("elsewhere", "broker"))).toBe("old");
  vi.advanceTimersByTime(1);
  expect(text(await read("elsewhere", "broker"))).toBe("new");
});
