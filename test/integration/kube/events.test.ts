import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createEventRecorder, eventResource, type KubeObject } from "../../../operator/src/kube/index.ts";
import { readCluster } from "../../cluster/index.ts";
import { binDirectory } from "../../cluster/paths.ts";
import { clientFor, configBehind, configMaps, connect, createNamespace } from "./api-server.ts";

interface Event extends KubeObject {
  type: string;
  reason: string;
  note: string;
  series?: { count: number };
}

async function setUp() {
  const { config, client } = connect();
  const namespace = await createNamespace(client);
  const object = await client.create<KubeObject>(configMaps, { metadata: { name: "a", namespace } });
  const recorder = createEventRecorder({ client, component: "example.com/test", instance: "test-1" });
  const events = async () => {
    const { items } = await client.list<Event>(eventResource, { namespace });
    return items.map(({ type, reason, note, series }) => `${type} ${reason} ${note} x${series?.count ?? 1}`).sort();
  };
  return { config, client, namespace, object, recorder, events };
}

test("repeats count up one event, and kubectl describe shows them", async () => {
  const { namespace, object, recorder, events } = await setUp();
  for (let time = 0; time < 3; time++) {
    recorder.record(object, "Warning", "BrokerUnreachable", "connection refused");
  }
  recorder.record(object, "Normal", "ScaledUp", "0 to 3");
  recorder.record(object, "Normal", "ScaledUp", "3 to 5");
  await recorder.flush();
  expect(await events()).toEqual([
    "Normal ScaledUp 0 to 3 x1",
    "Normal ScaledUp 3 to 5 x1",
    "Warning BrokerUnreachable connection refused x3",
  ]);
  const { stdout } = await promisify(execFile)("kubectl", ["describe", "configmap", "a", "-n", namespace], {
    env: { ...process.env, KUBECONFIG: readCluster().kubeconfig, PATH: `${binDirectory}:${process.env.PATH}` },
  });
  expect(stdout).toMatch(/Warning +BrokerUnreachable +\S+ \(x3 over \S+\) +example.com\/test +connection refused/);
  expect(stdout).toMatch(/Normal +ScaledUp +\S+ +example.com\/test +3 to 5/);
});

test("a repeat of an event that the API server has forgotten makes a new one", async () => {
  const { client, namespace, object, recorder, events } = await setUp();
  recorder.record(object, "Normal", "Done", "once");
  await recorder.flush();
  const [event] = (await client.list<Event>(eventResource, { namespace })).items;
  await client.delete(eventResource, event?.metadata.name ?? "", namespace);
  recorder.record(object, "Normal", "Done", "once");
  await recorder.flush();
  expect(await events()).toEqual(["Normal Done once x1"]);
});

test("a flood on one object is held back, another object's events are not", async () => {
  const { client, namespace, object, recorder, events } = await setUp();
  const other = await client.create<KubeObject>(configMaps, { metadata: { name: "b", namespace } });
  for (let time = 0; time < 40; time++) {
    recorder.record(object, "Normal", "Flood", `number ${time}`);
  }
  recorder.record(other, "Normal", "Calm", "one");
  await recorder.flush();
  const all = await events();
  expect(all.filter((event) => event.includes("Flood"))).toHaveLength(25);
  expect(all).toContain("Normal Calm one x1");
});

test("a long message is cut to what the API server takes, not inside a character", async () => {
  const { object, recorder, events } = await setUp();
  recorder.record(object, "Normal", "Long", "ü".repeat(2000));
  await recorder.flush();
  const [event = ""] = await events();
  expect(event).toMatch(/^Normal Long ü+… x1$/);
  expect(Buffer.byteLength(event)).toBeGreaterThan(1000);
});

test("an object without a namespace has its events in default", async () => {
  const { client, namespace, recorder } = await setUp();
  const owner = await client.get<KubeObject>(
    { ...configMaps, plural: "namespaces", kind: "Namespace", namespaced: false },
    namespace,
  );
  if (!owner) {
    throw new Error("the test's namespace is gone");
  }
  recorder.record(owner, "Normal", "Seen", "a cluster-scoped object");
  await recorder.flush();
  const { items } = await client.list<Event>(eventResource, { namespace: "default" });
  const mine = items.filter(({ metadata }) => metadata.name.startsWith(`${namespace}.`));
  expect(mine.map(({ reason }) => reason)).toEqual(["Seen"]);
  await Promise.all(mine.map(({ metadata }) => client.delete(eventResource, metadata.name, "default")));
});

test("what cannot be written is logged and troubles nobody", async () => {
  const { config, object } = await setUp();
  const warnings: string[] = [];
  const recorder = createEventRecorder({
    client: clientFor(configBehind(config, "https://127.0.0.1:1")),
    component: "example.com/test",
    instance: "test-1",
    log: { debug() {}, info() {}, error() {}, warn: (_, message) => warnings.push(message) },
  });
  recorder.record(object, "Normal", "Done", "once");
  await recorder.flush();
  expect(warnings).toEqual(["event could not be written"]);
});
