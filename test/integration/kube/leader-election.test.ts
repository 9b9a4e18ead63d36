import { expect, onTestFinished, test } from "vitest";
import {
  createLeaderElection,
  type KubeClient,
  type LeaderElectionOptions,
  silentLogger,
} from "../../../operator/src/kube/index.ts";
import { type Lease, leaseResource } from "../../../operator/src/kube/lease.ts";
import { clientFor, connect, createNamespace } from "./api-server.ts";
import { eventually } from "./eventually.ts";
import { createTcpProxy } from "./tcp-proxy.ts";

/** Half the deadline is one call's time limit: a machine that is busy for some seconds is to cost no leader its lease. */
const durations = { leaseDurationSeconds: 8, renewDeadlineSeconds: 6, retryPeriodSeconds: 0.2 };
const leaseMs = durations.leaseDurationSeconds * 1_000;

async function setUp() {
  const { config, client } = connect();
  const namespace = await createNamespace(client);

  function candidate(identity: string, through: KubeClient = client, options: Partial<LeaderElectionOptions> = {}) {
    const told: string[] = [];
    const reasons: string[] = [];
    const warnings: string[] = [];
    const times = { startedAt: 0, lostAt: 0 };
    let signal: AbortSignal | undefined;
    const election = createLeaderElection({
      client: through,
      namespace,
      name: "leader",
      identity,
      ...durations,
      onStarted(leading) {
        signal = leading;
        told.push("started");
        times.startedAt = performance.now();
      },
      onLost(reason) {
        told.push(signal?.aborted ? "lost" : "lost with work still running");
        reasons.push(reason.message);
        times.lostAt = performance.now();
      },
      log: { ...silentLogger, warn: (_, message) => warnings.push(message) },
      ...options,
    });
    onTestFinished(() => election.stop());
    election.start();
    return { election, told, reasons, warnings, times, leads: () => election.isLeader() };
  }
  const lease = () => client.get<Lease>(leaseResource, "leader", namespace);
  return { config, client, namespace, candidate, lease };
}

test("of two candidates one leads; when it stops the other takes over at once", async () => {
  const { candidate, lease } = await setUp();
  const one = candidate("one");
  await eventually(one.leads).toBe(true);
  const two = candidate("two");
  // Renewed all the time, it does not expire.
  const renewedAtMs = async () => Date.parse((await lease())?.spec.renewTime ?? "");
  const firstMs = await renewedAtMs();
  await eventually(async () => (await renewedAtMs()) - firstMs).toBeGreaterThan(leaseMs);
  expect([one.leads(), two.leads()]).toEqual([true, false]);
  expect((await lease())?.spec).toMatchObject({ holderIdentity: "one", leaseTransitions: 0 });

  const stoppedAt = performance.now();
  await one.election.stop();
  await eventually(two.leads).toBe(true);
  // Long before the lease would have expired.
  expect(two.times.startedAt - stoppedAt).toBeLessThan(leaseMs * 0.75);
  expect([one.told, two.told]).toEqual([["started"], ["started"]]);
  expect((await lease())?.spec).toMatchObject({ holderIdentity: "two", leaseTransitions: 1 });
  await two.election.stop();
  expect((await lease())?.spec.holderIdentity ?? "").toBe("");
});

test("a holder that died is waited for as long as its lease lasts, by the candidate's own clock", async () => {
  const { client, namespace, candidate } = await setUp();
  // Its clock was a year ahead, or behind: that must not matter.
  for (const [name, renewTime] of [
    ["ahead", "2036-01-01T00:00:00.000000Z"],
    ["behind", "2016-01-01T00:00:00.000000Z"],
  ] as const) {
    await client.create<Lease>(leaseResource, {
      metadata: { name, namespace },
      spec: { holderIdentity: "dead", leaseDurationSeconds: 2, renewTime },
    });
    const startedAt = performance.now();
    const { times, leads } = candidate("alive", client, { name });
    await eventually(leads).toBe(true);
    expect(times.startedAt - startedAt).toBeGreaterThanOrEqual(2000);
  }
});

test("a leader that is cut off gives up before its lease can expire, and only then another leads", async () => {
  const { config, candidate } = await setUp();
  const proxy = await createTcpProxy(config);
  const one = candidate("one", clientFor(proxy.config));
  await eventually(one.leads).toBe(true);
  const two = candidate("two");
  const frozenAt = performance.now();
  proxy.freeze("newToo");
  await eventually(two.leads).toBe(true);
  expect(one.told).toEqual(["started", "lost"]);
  expect(one.times.lostAt - frozenAt).toBeLessThan(leaseMs);
  expect(two.times.startedAt).toBeGreaterThan(one.times.lostAt);
});

test("a leader outlasts an interruption shorter than its deadline", async () => {
  const { config, candidate, lease } = await setUp();
  const proxy = await createTcpProxy(config);
  const one = candidate("one", clientFor(proxy.config));
  await eventually(one.leads).toBe(true);
  proxy.freeze("newToo");
  const before = (await lease())?.spec.renewTime;
  // A whole attempt fails: half the deadline is one call's time limit.
  await eventually(() => one.warnings.length).toBeGreaterThan(0);
  proxy.thaw();
  proxy.cut();
  await eventually(async () => (await lease())?.spec.renewTime).not.toBe(before);
  expect([one.leads(), one.told]).toEqual([true, ["started"]]);
});

test("a leader that finds another's name in its lease gives up at once", async () => {
  const { candidate, client, namespace } = await setUp();
  const one = candidate("one");
  await eventually(one.leads).toBe(true);
  await client.patch(leaseResource, "leader", namespace, {
    spec: { holderIdentity: "usurper", leaseDurationSeconds: 60 },
  });
  await eventually(() => one.told).toEqual(["started", "lost"]);
  // And not for want of a renewal.
  expect(one.reasons).toEqual([expect.stringContaining("was taken by another")]);
});

test("the API server refuses a renewTime with the digits of a plain Date", async () => {
  const { client, namespace } = await setUp();
  const plain = client.create<Lease>(leaseResource, {
    metadata: { name: "plain", namespace },
    spec: { renewTime: new Date("2026-01-01T00:00:00.123Z").toISOString() },
  });
  await expect(plain).rejects.toMatchObject({ status: 400, message: expect.stringContaining("cannot parse") });
});

test("refuses durations under which two could lead", async () => {
  const { client } = connect();
  const create = () =>
    createLeaderElection({
      client,
      namespace: "default",
      name: "x",
      identity: "x",
      leaseDurationSeconds: 10,
      renewDeadlineSeconds: 10,
      onStarted() {},
      onLost() {},
    });
  expect(create).toThrow("renewDeadlineSeconds (10) < leaseDurationSeconds (10)");
});
