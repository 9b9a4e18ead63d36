import { expect, onTestFinished, test } from "vitest";
import {
  createReflector,
  type KubeClient,
  objectKey,
  type ReflectorOptions,
} from "../../../operator/src/kube/index.ts";
import { clientFor, connect, createNamespace } from "./api-server.ts";
import { eventually } from "./eventually.ts";
import { createHttpProxy, goneStatus } from "./http-proxy.ts";
import { createTcpProxy } from "./tcp-proxy.ts";
import { defineWidgets, type Widget } from "./widgets.ts";

async function setUp() {
  const { config, client } = connect();
  const [namespace, widgets] = await Promise.all([createNamespace(client), defineWidgets(client)]);
  const make = (name: string, size: number) =>
    client.apply<Widget>(
      widgets,
      { metadata: { name, namespace }, spec: { size } },
      { fieldManager: "test", force: true },
    );
  const remove = (name: string) => client.delete(widgets, name, namespace);

  /** A running, synced reflector over `through`, with what its handler was told. */
  async function reflect(through: KubeClient, options: Partial<ReflectorOptions<Widget>> = {}) {
    const told: string[] = [];
    const warnings: string[] = [];
    const remarks: string[] = [];
    const reflector = createReflector<Widget>({
      client: through,
      resource: widgets,
      namespace,
      backoffMs: { min: 10, max: 100 },
      log: {
        debug: (fields, message) => remarks.push(`${message}: ${"err" in fields ? fields.err : ""}`),
        info() {},
        warn: (fields, message) => warnings.push(`${message}: ${"err" in fields ? fields.err : ""}`),
        error: (fields, message) => warnings.push(`${message}: ${"err" in fields ? fields.err : ""}`),
      },
      onChange(object, previous) {
        const verb = previous ? (reflector.get(objectKey(object)) ? "changed" : "deleted") : "added";
        told.push(`${verb} ${object.metadata.name}`);
      },
      ...options,
    });
    onTestFinished(() => reflector.stop());
    reflector.start();
    await reflector.synced(AbortSignal.timeout(60_000));
    const state = () =>
      reflector
        .list()
        .map(({ metadata, spec }) => `${metadata.name}=${spec?.size}`)
        .sort();
    return { reflector, told, warnings, remarks, state };
  }
  return { config, client, namespace, widgets, make, remove, reflect };
}

test("knows what is there, and follows what is added, changed and deleted", async () => {
  const { client, namespace, make, remove, reflect } = await setUp();
  await make("a", 1);
  await make("b", 1);
  const { reflector, told, state } = await reflect(client);
  expect(reflector.hasSynced()).toBe(true);
  expect(state()).toEqual(["a=1", "b=1"]);
  await make("b", 2);
  await make("c", 1);
  await remove("a");
  await eventually(state).toEqual(["b=2", "c=1"]);
  expect(told).toEqual(["added a", "added b", "changed b", "added c", "deleted a"]);
  expect(reflector.get(`${namespace}/b`)?.spec?.size).toBe(2);
  expect([reflector.list(namespace).length, reflector.list("another").length]).toEqual([2, 0]);
});

test("hands out frozen objects with their kind and without managedFields", async () => {
  const { client, namespace, make, reflect } = await setUp();
  await make("listed", 1);
  const { reflector } = await reflect(client);
  await make("watched", 1);
  await eventually(() => reflector.list().length).toBe(2);
  for (const name of ["listed", "watched"]) {
    const object = reflector.get(`${namespace}/${name}`);
    expect(object?.kind).toBe("Widget");
    expect(object?.metadata).not.toHaveProperty("managedFields");
    expect(() => {
      if (object?.spec) {
        object.spec.size = 7;
      }
    }).toThrow(TypeError);
  }
});

test("goes on when a handler throws", async () => {
  const { client, make, reflect } = await setUp();
  await make("a", 1);
  const { state, warnings } = await reflect(client, {
    onChange() {
      throw new Error("from the handler");
    },
  });
  await make("b", 1);
  await eventually(state).toEqual(["a=1", "b=1"]);
  expect(warnings[0]).toContain("from the handler");
});

test("waiting for the first list ends with the caller's signal", async () => {
  const { config, namespace, widgets } = await setUp();
  const proxy = await createTcpProxy(config);
  proxy.freeze("newToo");
  const reflector = createReflector({
    client: clientFor(proxy.config),
    resource: widgets,
    namespace,
    onChange() {},
  });
  onTestFinished(() => reflector.stop());
  reflector.start();
  await expect(reflector.synced(AbortSignal.timeout(50))).rejects.toThrow("timeout");
  expect(reflector.hasSynced()).toBe(false);
});

test("a watch that went silent is given up and everything listed anew", async () => {
  const { config, make, remove, reflect } = await setUp();
  await make("a", 1);
  const proxy = await createTcpProxy(config);
  // The new list first meets the connection of the last one, silent too.
  const client = clientFor(proxy.config, { requestTimeoutMs: 500 });
  const { state, remarks } = await reflect(client, { silenceLimitMs: 500 });
  await make("b", 1);
  // Now the watch is open for sure.
  await eventually(state).toEqual(["a=1", "b=1"]);
  proxy.freeze();
  await make("b", 2);
  await remove("a");
  await eventually(state).toEqual(["b=2"]);
  // No warning: a kind that never had an object is silent for long, and all is well.
  expect(remarks.join("\n")).toContain("nothing came for 500 ms, not even a bookmark");
});

test("a watch that was cut goes on from where it was, without a new list", async () => {
  const { config, make, remove, reflect } = await setUp();
  await make("a", 1);
  await make("b", 1);
  const proxy = await createTcpProxy(config);
  const { state, told, warnings } = await reflect(clientFor(proxy.config));
  await make("c", 1);
  await eventually(state).toEqual(["a=1", "b=1", "c=1"]);
  proxy.freeze("newToo");
  await make("b", 2);
  await remove("a");
  proxy.cut();
  proxy.thaw();
  await eventually(state).toEqual(["b=2", "c=1"]);
  expect(told).toEqual(["added a", "added b", "added c", "changed b", "deleted a"]);
  expect(warnings.length).toBeGreaterThan(0);
  expect(warnings.every((warning) => warning.startsWith("watching again"))).toBe(true);
});

test("410 Gone inside the stream, as the API server sends it: lists again, and finds what was deleted meanwhile", async () => {
  const { config, make, remove, reflect } = await setUp();
  await make("a", 1);
  await make("b", 1);
  let watches = 0;
  const proxy = await createHttpProxy(config, (url) => {
    if (url.searchParams.has("watch")) {
      watches += 1;
      if (watches === 2) {
        // From before the kind's watch cache began.
        url.searchParams.set("resourceVersion", "1");
      }
    }
    return undefined;
  });
  const { state, told, warnings } = await reflect(clientFor(proxy.config));
  await eventually(() => watches).toBe(1);
  await make("c", 1);
  await eventually(state).toEqual(["a=1", "b=1", "c=1"]);
  proxy.cut();
  await remove("a");
  await eventually(() => watches).toBeGreaterThanOrEqual(3);
  await eventually(state).toEqual(["b=1", "c=1"]);
  expect(told).toEqual(["added a", "added b", "added c", "deleted a"]);
  expect(warnings.join("\n")).toContain("listing again: ApiError: watch widgets");
  expect(warnings.join("\n")).toContain("too old resource version");
});

test("410 Gone as the HTTP status: lists again, and finds what was deleted meanwhile", async () => {
  const { config, make, remove, reflect } = await setUp();
  await make("a", 1);
  await make("b", 1);
  let watches = 0;
  const proxy = await createHttpProxy(config, (url, response) => {
    if (!url.searchParams.has("watch") || ++watches !== 1) {
      return undefined;
    }
    void remove("a").finally(() => response.writeHead(410, { "content-type": "application/json" }).end(goneStatus()));
    return "answered";
  });
  const { state, told } = await reflect(clientFor(proxy.config));
  await eventually(state).toEqual(["b=1"]);
  await make("b", 2);
  await eventually(state).toEqual(["b=2"]);
  expect(told).toEqual(["added a", "added b", "deleted a", "changed b"]);
});

test("asks again with growing pauses while the API server refuses", async () => {
  const { config, make, reflect } = await setUp();
  await make("a", 1);
  const refusedAt: number[] = [];
  const proxy = await createHttpProxy(config, (_, response) => {
    if (refusedAt.length === 5) {
      return undefined;
    }
    refusedAt.push(performance.now());
    response.writeHead(503).end("not yet");
    return "answered";
  });
  const { state, warnings } = await reflect(clientFor(proxy.config), { backoffMs: { min: 20, max: 10_000 } });
  expect(state()).toEqual(["a=1"]);
  expect(warnings.filter((warning) => warning.includes("not yet"))).toHaveLength(5);
  // 20 + 40 + 80 + 160 ms at least.
  expect((refusedAt[4] ?? 0) - (refusedAt[0] ?? 0)).toBeGreaterThanOrEqual(300);
});

test("stops at once, an open watch included, and hears nothing more", async () => {
  const { client, make, reflect } = await setUp();
  const { reflector, state, told } = await reflect(client);
  await make("a", 1);
  await eventually(state).toEqual(["a=1"]);
  await reflector.stop();
  await make("b", 1);
  expect([state(), told]).toEqual([["a=1"], ["added a"]]);
});

test("holds nothing but the metadata where it was told so, and follows an empty collection too", async () => {
  const { client, make, remove, reflect } = await setUp();
  const { reflector, told, warnings } = await reflect(client, { metadataOnly: true });
  expect(reflector.list()).toEqual([]);
  const { metadata } = await make("a", 1);
  await eventually(() => told).toEqual(["added a"]);
  const [seen] = reflector.list();
  expect(seen).toMatchObject({ metadata: { name: "a", resourceVersion: metadata.resourceVersion } });
  expect(seen).not.toHaveProperty("spec");
  await make("a", 2);
  await remove("a");
  await eventually(() => told).toEqual(["added a", "changed a", "deleted a"]);
  expect(warnings).toEqual([]);
});
