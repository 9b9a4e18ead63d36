import { expect, onTestFinished, test } from "vitest";
import { addFinalizer, removeFinalizer } from "../../../operator/src/kube/index.ts";
import { type ConfigMap, configMaps, connect, createNamespace } from "./api-server.ts";

async function setUp() {
  const { client } = connect();
  const namespace = await createNamespace(client);
  const object = await client.create<ConfigMap>(configMaps, { metadata: { name: "a", namespace } });
  // A test that fails must not leave a namespace that nobody can remove.
  onTestFinished(async () => {
    const left = await client.get(configMaps, "a", namespace);
    if (left?.metadata.finalizers) {
      await client.patch(configMaps, "a", namespace, { metadata: { finalizers: null } });
    }
  });
  const finalizers = async () => (await client.get(configMaps, "a", namespace))?.metadata.finalizers;
  return { client, namespace, object, finalizers };
}

test("a finalizer holds the object until it is removed", async () => {
  const { client, namespace, object, finalizers } = await setUp();
  const held = await addFinalizer(client, configMaps, object, "example.com/one");
  expect(held?.metadata.finalizers).toEqual(["example.com/one"]);
  await client.delete(configMaps, "a", namespace);
  const deleting = await client.get<ConfigMap>(configMaps, "a", namespace);
  expect(deleting?.metadata.deletionTimestamp).toBeDefined();
  expect(await finalizers()).toEqual(["example.com/one"]);
  await removeFinalizer(client, configMaps, object, "example.com/one");
  // The object as it was first seen carried no finalizer: nothing to remove from it. The present one does.
  await removeFinalizer(client, configMaps, deleting ?? object, "example.com/one");
  expect(await client.get(configMaps, "a", namespace)).toBeUndefined();
});

test("writers that know only the old object do not undo each other", async () => {
  const { client, object, finalizers } = await setUp();
  const names = ["example.com/one", "example.com/two", "example.com/three"];
  await Promise.all(names.map((name) => addFinalizer(client, configMaps, object, name)));
  expect((await finalizers())?.sort()).toEqual([...names].sort());
  const stale = { ...object, metadata: { ...object.metadata, finalizers: names } };
  await Promise.all(names.slice(1).map((name) => removeFinalizer(client, configMaps, stale, name)));
  expect(await finalizers()).toEqual(["example.com/one"]);
  await removeFinalizer(client, configMaps, stale, "example.com/one");
});

test("writes nothing when the finalizer is there, or is not there to be removed", async () => {
  const { client, object } = await setUp();
  const added = await addFinalizer(client, configMaps, object, "example.com/one");
  expect(await addFinalizer(client, configMaps, added ?? object, "example.com/one")).toBe(added);
  expect(await removeFinalizer(client, configMaps, object, "example.com/one")).toBe(object);
  await removeFinalizer(client, configMaps, added ?? object, "example.com/one");
});

test("an object that is gone, being deleted or replaced by another gets no finalizer", async () => {
  const { client, namespace, object, finalizers } = await setUp();
  const held = await addFinalizer(client, configMaps, object, "example.com/one");
  await client.delete(configMaps, "a", namespace);
  expect(await addFinalizer(client, configMaps, object, "example.com/two")).toBeUndefined();
  await removeFinalizer(client, configMaps, held ?? object, "example.com/one");
  expect(await addFinalizer(client, configMaps, object, "example.com/two")).toBeUndefined();
  expect(await removeFinalizer(client, configMaps, held ?? object, "example.com/one")).toBeUndefined();
  await client.create(configMaps, { metadata: { name: "a", namespace } });
  expect(await addFinalizer(client, configMaps, object, "example.com/two")).toBeUndefined();
  expect(await finalizers()).toBeUndefined();
});
