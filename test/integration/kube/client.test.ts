import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import {
  ConnectionError,
  isAlreadyExists,
  isConflict,
  isInvalid,
  type KubeClient,
  type KubeConfig,
  type KubeObject,
} from "../../../operator/src/kube/index.ts";
import { type ConfigMap, clientFor, configBehind, configMaps, connect, createNamespace } from "./api-server.ts";
import { eventually } from "./eventually.ts";
import { createHttpProxy, goneStatus } from "./http-proxy.ts";
import { createTcpProxy } from "./tcp-proxy.ts";
import { defineWidgets } from "./widgets.ts";

/** What a promise is rejected with. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => expect.fail(`resolved with ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
}

test("creates, reads, patches and deletes; what is not there reads as undefined and deletes without complaint", async () => {
  const { client } = connect();
  const namespace = await createNamespace(client);
  expect(await client.get(configMaps, "a", namespace)).toBeUndefined();
  const created = await client.create<ConfigMap>(configMaps, {
    metadata: { name: "a", namespace },
    data: { x: "1", y: "2" },
  });
  expect(created).toMatchObject({ apiVersion: "v1", kind: "ConfigMap", metadata: { uid: expect.any(String) } });
  await client.patch(configMaps, "a", namespace, { data: { x: null, z: "3" } });
  expect((await client.get<ConfigMap>(configMaps, "a", namespace))?.data).toEqual({ y: "2", z: "3" });
  await client.delete(configMaps, "a", namespace);
  await client.delete(configMaps, "a", namespace);
  expect(await client.get(configMaps, "a", namespace)).toBeUndefined();
});

test("tells an object that exists from one that changed meanwhile", async () => {
  const { client } = connect();
  const namespace = await createNamespace(client);
  const object: ConfigMap = { metadata: { name: "a", namespace }, data: { x: "1" } };
  const first = await client.create(configMaps, object);
  const exists = await rejection(client.create(configMaps, object));
  expect([isAlreadyExists(exists), isConflict(exists)]).toEqual([true, false]);

  await client.replace(configMaps, { ...first, data: { x: "2" } });
  const changed = await rejection(client.replace(configMaps, { ...first, data: { x: "3" } }));
  expect([isAlreadyExists(changed), isConflict(changed)]).toEqual([false, true]);
  expect(String(changed)).toContain("the object has been modified");
});

test("deletes only the object of the given uid", async () => {
  const { client } = connect();
  const namespace = await createNamespace(client);
  const { metadata } = await client.create<ConfigMap>(configMaps, { metadata: { name: "a", namespace } });
  const refused = await rejection(client.delete(configMaps, "a", namespace, { uid: "another" }));
  expect(isConflict(refused)).toBe(true);
  await client.delete(configMaps, "a", namespace, { uid: metadata.uid, propagationPolicy: "Background" });
  expect(await client.get(configMaps, "a", namespace)).toBeUndefined();
});

test("apply refuses a field that the schema does not know, in the API server's words", async () => {
  const { client } = connect();
  const namespace = await createNamespace(client);
  const widgets = await defineWidgets(client);
  const metadata = { name: "a", namespace };
  const options = { fieldManager: "test", force: true };
  const unknown = await rejection(client.apply(widgets, { metadata, spec: { sise: 1 } }, options));
  expect(isInvalid(unknown)).toBe(true);
  expect(String(unknown)).toContain(`apply Widget "${namespace}/a"`);
  expect(String(unknown)).toContain(".spec.sise");
  const wrong = await rejection(client.apply(widgets, { metadata, spec: { size: "big" } }, options));
  expect(isInvalid(wrong)).toBe(true);
  expect(String(wrong)).toContain("spec.size");
  expect(await client.get(widgets, "a", namespace)).toBeUndefined();
});

test("apply conflicts with another manager's field, takes it over by force, and drops what it no longer states", async () => {
  const { client } = connect();
  const namespace = await createNamespace(client);
  const metadata = { name: "a", namespace };
  const apply = (fieldManager: string, force: boolean, data: Record<string, string>) =>
    client.apply<ConfigMap>(configMaps, { metadata, data }, { fieldManager, force });
  await apply("one", false, { x: "1", y: "1" });
  const conflict = await rejection(apply("two", false, { x: "2" }));
  expect(isConflict(conflict)).toBe(true);
  expect(String(conflict)).toContain('conflict with "one"');
  expect((await apply("two", true, { x: "2" })).data).toEqual({ x: "2", y: "1" });
  expect((await apply("one", false, {})).data).toEqual({ x: "2" });
});

test("lists in pages, and in one piece when the pages' version is too old", async () => {
  const { config, client } = connect();
  const namespace = await createNamespace(client);
  const names = ["a", "b", "c", "d", "e"];
  await Promise.all(
    names.map((name) => client.create(configMaps, { metadata: { name, namespace, labels: { l: "1" } } })),
  );
  let refuseFrom = Number.POSITIVE_INFINITY;
  const proxy = await createHttpProxy(config, (url, response) => {
    if (url.searchParams.has("limit")) {
      url.searchParams.set("limit", "2");
    }
    if (proxy.requests.length >= refuseFrom) {
      refuseFrom = Number.POSITIVE_INFINITY;
      response.writeHead(410, { "content-type": "application/json" }).end(goneStatus());
      return "answered";
    }
    return undefined;
  });
  const proxied = clientFor(proxy.config);
  const list = async () =>
    (await proxied.list<ConfigMap>(configMaps, { namespace, labelSelector: "l=1" })).items.map(
      ({ metadata, kind }) => `${kind} ${metadata.name}`,
    );
  const all = names.map((name) => `ConfigMap ${name}`);
  expect(await list()).toEqual(all);
  expect(proxy.requests.length).toBe(3);
  refuseFrom = 5;
  expect(await list()).toEqual(all);
  expect(proxy.requests.length).toBe(6);
});

test("every call ends at its time limit, one that cannot connect and one that went silent included", async () => {
  const { config } = connect();
  const proxy = await createTcpProxy(config);
  const client = clientFor(proxy.config, { requestTimeoutMs: 300 });
  /** Where a busy machine takes longer than that, at a later call. */
  const answers = () =>
    eventually(() => client.get(configMaps, "a", "default").then(() => "answered", String)).toBe("answered");
  proxy.freeze("newToo");
  const startedAt = performance.now();
  await expect(client.get(configMaps, "a", "default")).rejects.toThrow("no whole answer within 300 ms");
  // Not only after 4 s, when undici gives up to connect.
  expect(performance.now() - startedAt).toBeLessThan(3_500);
  proxy.thaw();
  proxy.cut();
  await answers();
  proxy.freeze("newToo");
  const error = await rejection(client.get(configMaps, "a", "default"));
  expect(String(error)).toBe(
    'ConnectionError: get ConfigMap "default/a": the API server gave no whole answer within 300 ms',
  );
  proxy.thaw();
  proxy.cut();
  await answers();
});

test("says what it could not reach", async () => {
  const { config } = connect();
  const client = clientFor(configBehind(config, "https://127.0.0.1:1"));
  const error = await rejection(client.get(configMaps, "a", "default"));
  expect(error).toBeInstanceOf(ConnectionError);
  expect(String(error)).toContain("GET https://127.0.0.1:1/api/v1/namespaces/default/configmaps/a: ");
  expect(String(error)).toContain("ECONNREFUSED");
});

test("keeps its connections: a handful serves 200 calls, one after the other or all at once", async () => {
  const { config } = connect();
  const proxy = await createTcpProxy(config);
  const client = clientFor(proxy.config);
  for (let call = 0; call < 200; call++) {
    await client.get(configMaps, "a", "default");
  }
  expect(proxy.accepted()).toBeLessThanOrEqual(3);
  await Promise.all(Array.from({ length: 200 }, () => client.get(configMaps, "a", "default")));
  expect(proxy.accepted()).toBeLessThanOrEqual(16);
});

test("reads a service account's token again when it was rotated", async () => {
  const { config, client } = connect();
  const namespace = await createNamespace(client);
  const cluster = config.getCurrentCluster();
  if (!cluster) {
    throw new Error("the kubeconfig's current context needs a cluster");
  }
  const folder = await mkdtemp(join(tmpdir(), "token-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const tokenFile = join(folder, "token");
  const inPod = connect().config;
  // As client-node's loadFromCluster sets it up in a pod.
  inPod.loadFromClusterAndUser(cluster, {
    name: "inClusterUser",
    authProvider: { name: "tokenFile", config: { tokenFile } },
  } as Parameters<KubeConfig["loadFromClusterAndUser"]>[1]);
  const podClient = clientFor(inPod);
  const whoAmI = async () => {
    const review: KubeObject = await podClient.create(selfSubjectReviews, { metadata: { name: "" } });
    return (review.status as { userInfo: { username: string } }).userInfo.username;
  };

  await writeFile(tokenFile, await serviceAccountToken(client, namespace, "before"));
  expect(await whoAmI()).toBe(`system:serviceaccount:${namespace}:before`);
  await writeFile(tokenFile, await serviceAccountToken(client, namespace, "after"));
  // client-node reads the file anew once a minute.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  expect(await whoAmI()).toBe(`system:serviceaccount:${namespace}:after`);
});

const selfSubjectReviews = {
  group: "authentication.k8s.io",
  version: "v1",
  plural: "selfsubjectreviews",
  kind: "SelfSubjectReview",
  namespaced: false,
};

async function serviceAccountToken(client: KubeClient, namespace: string, name: string): Promise<string> {
  const serviceAccounts = { ...configMaps, plural: "serviceaccounts", kind: "ServiceAccount" };
  await client.create<KubeObject>(serviceAccounts, { metadata: { name, namespace } });
  const secrets = { ...configMaps, plural: "secrets", kind: "Secret" };
  const secret = { metadata: { name, namespace, annotations: { "kubernetes.io/service-account.name": name } } };
  await client.create(secrets, { ...secret, type: "kubernetes.io/service-account-token" });
  let token: string | undefined;
  // The controller-manager fills it in.
  await eventually(async () => {
    token = (await client.get<KubeObject & { data?: { token?: string } }>(secrets, name, namespace))?.data?.token;
    return token;
  }).toBeDefined();
  return Buffer.from(token ?? "", "base64").toString();
}
