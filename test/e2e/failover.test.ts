import { expect, test } from "vitest";
import { pods } from "../../operator/src/kinds.ts";
import { killProcesses } from "./container-process.ts";
import { nap } from "./handlers/jobs.ts";
import { operatorNamespace, release } from "./installation.ts";
import { kubectl } from "./kubectl.ts";
import { leader } from "./lease-history.ts";
import { watchReplicas } from "./replica-history.ts";
import { until } from "./until.ts";
import { createWorkspace } from "./workspace.ts";

test("the leading operator is killed: its standby scales within 20 s, and jobs go on", async () => {
  const workspace = await createWorkspace("failover");
  const { recorder, client } = workspace;
  await workspace.applyQueue();
  await workspace.applyPool({ maxReplicas: 4, scaling: { scaleDownDelay: "1m" } });
  const producer = await workspace.producer();
  const long = await producer.enqueue(nap, { ms: 20_000 });
  await until("the job runs", () => recorder.running().length === 1);
  await using history = await watchReplicas(workspace);
  const before = history.peak();
  const killed = await leader(client);
  const pod = await client.get(pods, killed, operatorNamespace);
  if (pod === undefined) throw new Error(`the lease is held by "${killed}", which is no pod`);

  killProcesses(pod);
  const killedAtMs = Date.now();
  // Or the kubelet would start it anew in the same pod, which has the lease.
  await kubectl("delete", "pod", killed, "-n", operatorNamespace, "--grace-period=0", "--force", "--wait=false");
  const more = await Promise.all(Array.from({ length: 20 }, () => producer.enqueue(nap, { ms: 500 })));

  const scaled = await until("the standby adds workers", () => history.steps.find(({ replicas }) => replicas > before));
  expect(scaled.atMs - killedAtMs).toBeLessThan(20_000);
  expect(scaled.replicas).toBe(4);
  expect(await leader(client)).not.toBe(killed);
  await until("all jobs are finished", () => recorder.unfinished([long, ...more]).length === 0);
  expect(recorder.repeated()).toEqual([]);
  await kubectl("rollout", "status", `deployment/${release}`, "-n", operatorNamespace, "--timeout=60s");
});
