import { expect, test } from "vitest";
import { createCachedReads, type Kept } from "./cached-reads.ts";
import type { KubeClient } from "./client.ts";
import { createManualClock } from "./manual-clock.ts";
import { type KubeObject, objectKey } from "./object.ts";
import type { Resource } from "./resource.ts";

const secrets: Resource = { group: "", version: "v1", plural: "secrets", kind: "Secret", namespaced: true };
const leases: Resource = { ...secrets, plural: "leases", kind: "Lease" };
const secret = (resourceVersion: string): KubeObject => ({
  metadata: { name: "a", namespace: "media", resourceVersion },
});

/** An API server of which a reflector of Secrets lags behind until it is told. */
function scene() {
  const onServer = new Map<string, KubeObject>();
  const cache = new Map<string, KubeObject>();
  const clock = createManualClock();
  let asked = 0;
  let onApply = async (_: KubeObject) => {};
  let version = 0;
  const server = {
    async get(_: Resource, name: string, namespace?: string) {
      asked += 1;
      return onServer.get(`${namespace}/${name}`);
    },
    async apply(_: Resource, object: KubeObject) {
      version += 1;
      await onApply(object);
      const stored = { metadata: { ...object.metadata, resourceVersion: `${version}` } };
      onServer.set(objectKey(object), stored);
      return stored;
    },
  } as unknown as KubeClient;
  const absent = new Set<string>();
  const kept: Kept = { get: (key) => cache.get(key), lacks: (key) => absent.has(key) };
  const reads = createCachedReads(server, ({ plural }) => (plural === "secrets" ? kept : undefined), clock);
  return {
    ...{ reads, clock, absent },
    asked: () => asked,
    /** What happens while an apply is under way. */
    during(happens: typeof onApply) {
      onApply = happens;
    },
    read: async (resource = secrets) => (await reads.client.get(resource, "a", "media"))?.metadata.resourceVersion,
    apply: (resource = secrets) => reads.client.apply(resource, secret(""), { fieldManager: "test", force: true }),
    /** The watch brings this, or the object's end. */
    bring(object: KubeObject, isDeleted = false) {
      if (isDeleted) cache.delete(objectKey(object));
      else cache.set(objectKey(object), object);
      return reads.seen(secrets, object);
    },
  };
}

test("what is kept is not asked for", async () => {
  const { read, bring, asked } = scene();
  bring(secret("7"));
  expect(await read()).toBe("7");
  expect(asked()).toBe(0);
});

test("what is not kept may be there without our label", async () => {
  const { read, asked } = scene();
  expect(await read()).toBeUndefined();
  expect(await read(leases)).toBeUndefined();
  expect(asked()).toBe(2);
});

test("our own write shows before the watch brings it, and no longer once it has", async () => {
  const { read, apply, bring, asked } = scene();
  await apply();
  expect(await read()).toBe("1");
  await apply();
  expect(await read()).toBe("2");
  bring(secret("1"));
  expect(await read()).toBe("2");
  bring(secret("2"));
  bring(secret("3"));
  expect(await read()).toBe("3");
  bring(secret("4"), true);
  expect(asked()).toBe(0);
  await read();
  expect(asked()).toBe(1);
});

test("a write that the watch never brings is forgotten", async () => {
  const { read, apply, clock, asked } = scene();
  await apply();
  clock.advance(10_000);
  expect(await read()).toBe("1");
  expect(asked()).toBe(1);
});

test("what is known not to be there is not asked for, unless we have just written it", async () => {
  const { read, apply, absent, asked } = scene();
  absent.add("media/a");
  expect(await read()).toBeUndefined();
  await apply();
  expect(await read()).toBe("1");
  expect(asked()).toBe(0);
});

test("what just went from the watch is asked for: it may have lost nothing but its label", async () => {
  const { read, bring, absent, clock, asked } = scene();
  absent.add("media/a");
  bring(secret("1"));
  bring(secret("2"), true);
  await read();
  expect(asked()).toBe(1);
  clock.advance(10_000);
  await read();
  expect(asked()).toBe(1);
});

test("the echo of our own write is known, and what somebody else wrote or deleted is not", async () => {
  const { apply, bring } = scene();
  expect(bring(secret("0"))).toBe(false);
  await apply();
  expect(bring(secret("1"))).toBe(true);
  expect(bring(secret("2"))).toBe(false);
  await apply();
  expect(bring(secret("2"), true)).toBe(false);
});

test("an echo that comes before the answer is known by what it says", async () => {
  const { reads, during, bring } = scene();
  const written = { ...secret(""), data: { key: "ours" } };
  const echoes: boolean[] = [];
  during(async () => {
    echoes.push(bring({ ...secret("1"), data: { key: "ours" } } as KubeObject));
    echoes.push(bring({ ...secret("1"), data: { key: "theirs" } } as KubeObject));
  });
  await reads.client.apply(secrets, written as KubeObject, { fieldManager: "test", force: true });
  expect(echoes).toEqual([true, false]);
});
