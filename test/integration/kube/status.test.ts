import { expect, test } from "vitest";
import { writeStatus } from "../../../operator/src/kube/index.ts";
import { connect, createNamespace } from "./api-server.ts";
import { defineWidgets, type Widget } from "./widgets.ts";

async function setUp() {
  const { client } = connect();
  const [namespace, widgets] = await Promise.all([createNamespace(client), defineWidgets(client)]);
  // Applied, since for its first seconds a new kind answers a plain create only after two.
  const make = () =>
    client.apply<Widget>(
      widgets,
      { metadata: { name: "a", namespace }, spec: { size: 1 } },
      { fieldManager: "test", force: true },
    );
  const created = await make();
  const read = async () => {
    const object = await client.get<Widget>(widgets, "a", namespace);
    if (!object) {
      throw new Error("the widget is gone");
    }
    return object;
  };
  return { client, namespace, widgets, make, created, read };
}

test("writes a status that differs: lists as a whole, and without what is no longer stated", async () => {
  const { client, widgets, created, read } = await setUp();
  const first = {
    phase: "Busy",
    count: 2,
    parts: [
      { name: "x", ok: true },
      { name: "y", ok: false },
    ],
  };
  expect(await writeStatus(client, widgets, created, first)).toBe(true);
  expect((await read()).status).toEqual(first);
  const second = { phase: "Idle", parts: [{ name: "y", ok: true }] };
  expect(await writeStatus(client, widgets, await read(), second)).toBe(true);
  expect((await read()).status).toEqual(second);
});

test("writes nothing when nothing differs", async () => {
  const { client, widgets, created, read } = await setUp();
  await writeStatus(client, widgets, created, { phase: "Busy", parts: [{ name: "x", ok: true }] });
  const before = await read();
  const same = { parts: [{ ok: true, name: "x" }], phase: "Busy", count: undefined as unknown as number };
  expect(await writeStatus(client, widgets, before, same)).toBe(false);
  expect((await read()).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
});

test("writes over changes of metadata and spec that it has not seen, and leaves them alone", async () => {
  const { client, namespace, widgets, created, read } = await setUp();
  await client.patch(widgets, "a", namespace, { metadata: { labels: { l: "1" } }, spec: { size: 5 } });
  await writeStatus(client, widgets, created, { phase: "Busy" });
  expect(await read()).toMatchObject({
    metadata: { labels: { l: "1" } },
    spec: { size: 5 },
    status: { phase: "Busy" },
  });
});

test("does not write on another object that took the name", async () => {
  const { client, namespace, widgets, make, created, read } = await setUp();
  await client.delete(widgets, "a", namespace);
  await make();
  expect(await writeStatus(client, widgets, created, { phase: "Busy" })).toBe(false);
  expect((await read()).status).toBeUndefined();
  await client.delete(widgets, "a", namespace);
  expect(await writeStatus(client, widgets, created, { phase: "Busy" })).toBe(false);
});

test("a status that the schema refuses is an error in the API server's words", async () => {
  const { client, widgets, created } = await setUp();
  const wrong = { phase: 7 as unknown as string };
  await expect(writeStatus(client, widgets, created, wrong)).rejects.toThrow(/status\.phase/);
  const unknown = { fase: "Busy" } as { phase?: string };
  await expect(writeStatus(client, widgets, created, unknown)).rejects.toThrow(/status\.fase/);
});
