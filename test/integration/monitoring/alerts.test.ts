import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadKubeConfig } from "../../../operator/src/kube/index.ts";
import { readRules } from "../../../tools/rules/files.ts";
import { startPrivateBroker } from "../../broker/index.ts";
import { readCluster } from "../../cluster/index.ts";
import { startPrometheus } from "../../prometheus/index.ts";
import { createHttpProxy } from "../kube/http-proxy.ts";
import { publishMany } from "../operator/amqp.ts";
import { setScene } from "../operator/scene.ts";
import {
  applyMistakes,
  beLate,
  crash,
  fallSilent,
  findNoNode,
  flood,
  getStuck,
  holdLease,
  loseDeadLetterWorkers,
  startFailing,
} from "./alert-causes.ts";
import { hastenedRules } from "./hastened-rules.ts";
import { startOperatorProcess } from "./operator-process.ts";

/** The rules' minutes are half seconds: what fires after a quarter of an hour does after 7.5 s. */
const times = 120;

test("each alert fires for its real cause", { timeout: 360_000 }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "jobwright-alerts-"));
  const broker = await startPrivateBroker();
  context.onTestFinished(() => broker[Symbol.asyncDispose]());
  const scene = await setScene(context, { server: broker, withoutOperator: true });
  const letLeaseGo = await holdLease(scene);

  let refuses = false;
  const proxy = await createHttpProxy(loadKubeConfig({ file: readCluster().kubeconfig }), ({ pathname }, response) => {
    if (!refuses || !/\/jobqueues\/[^/]+\/status$/.test(pathname)) return undefined;
    response.writeHead(500, { "content-type": "application/json" }).end('{"kind":"Status","code":500}');
    return "answered";
  });
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, proxy.config.exportConfig());
  const operator = await startOperatorProcess({ kubeconfig, namespace: scene.namespace, folder });
  context.onTestFinished(() => operator.stop());

  await using prometheus = await startPrometheus({ rules: hastenedRules(times) });
  prometheus.scrape([operator.target]);
  /** Each alert that has fired so far, and for which object. */
  async function fired(): Promise<string[]> {
    const found = await prometheus.query('last_over_time(ALERTS{alertstate="firing"}[10m])');
    return found.map(({ labels: { alertname, queue, pool, controller } }) =>
      [alertname, queue ?? pool ?? controller].filter((part) => part !== undefined).join(" "),
    );
  }
  const fires = (...alerts: string[]) =>
    expect.poll(fired, { timeout: 180_000, interval: 500 }).toEqual(expect.arrayContaining(alerts));

  await fires("JobwrightNoLeader");
  await letLeaseGo();

  /** What it has done before it is first scraped, nobody sees. */
  async function failInSight(pool: string): Promise<void> {
    const { running } = await startFailing(context, scene, pool);
    const labels = { job: "jobwright-workers", namespace: scene.namespace, pool };
    const targets = [...running].map(([pod, { telemetryPort }]) => ({
      address: `127.0.0.1:${telemetryPort}`,
      labels: { ...labels, pod },
    }));
    prometheus.scrape([operator.target, ...targets]);
    const seen = () => prometheus.query(`jobwright_jobs_total{pool="${pool}",outcome="retried"}`);
    await expect.poll(seen, { timeout: 30_000 }).toHaveLength(1);
    await publishMany(context, scene, pool, 200);
  }

  await scene.applyQueue("calm");
  const [stuck] = await Promise.all([
    getStuck(context, scene, "stuck"),
    failInSight("failing"),
    applyMistakes(scene),
    flood(context, scene, "tide"),
    beLate(context, scene, "late"),
    fallSilent(context, scene, "silent"),
    crash(scene, "crashing"),
    findNoNode(context, scene, "homeless"),
  ]);
  // By now all queues are there, and retries on their way.
  await loseDeadLetterWorkers(broker);
  await fires(
    "JobwrightDelayedJobsStuck",
    "JobwrightHighQueueLatency late",
    "JobwrightPoolAtMaximum late",
    "JobwrightTargetUnreachable late",
    "JobwrightBacklogGrowing tide",
    "JobwrightDeadLetters failing",
    "JobwrightRetriesHigh failing",
    "JobwrightWorkersCrashLooping crashing",
    "JobwrightWorkersStuck stuck",
    "JobwrightScalingBlind silent",
    "JobwrightPoolHeldBack homeless",
    "JobwrightQueueStalled secretless",
    "JobwrightQueueNotReady unbound",
    "JobwrightPoolStalled misdated",
    "JobwrightPoolNotReady orphan",
  );
  expect((await fired()).filter((alert) => alert.includes("calm"))).toEqual([]);

  // What the broker's end makes of the queues' status, the API server does not take.
  refuses = true;
  stuck.fallSilent();
  await broker.stop();
  await fires("JobwrightBrokerUnreachable", "JobwrightReconcileErrors jobqueue");
  // The labels of pool, queue and broker lead to one another, so that this one alert is enough.
  expect(await prometheus.query('jobwright:pool_broker_away:max{pool="late"}')).toHaveLength(1);
  expect(await prometheus.query('jobwright_pool_decision{pool="late",reason="BacklogUnknown"}')).toHaveLength(1);
  expect(await fired()).not.toContain("JobwrightScalingBlind late");

  await operator.stop();
  await fires("JobwrightOperatorDown");
  const alerts = readRules().flatMap(({ alert }) => alert ?? []);
  const seen = new Set((await fired()).map((alert) => alert.split(" ")[0]));
  expect(alerts.filter((alert) => !seen.has(alert))).toEqual([]);
  // The scene clears its vhost away.
  await broker.start();
});
