import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dashboards } from "../../../tools/dashboards/dashboards.ts";
import { filledIn, panelsOf, questionsOf, variablesOf } from "../../../tools/dashboards/questions.ts";
import { readCluster } from "../../cluster/index.ts";
import { startPrometheus } from "../../prometheus/index.ts";
import { setScene } from "../operator/scene.ts";
import { openShop } from "./busy-shop.ts";
import { startOperatorProcess } from "./operator-process.ts";
import { takePictures } from "./take-pictures.ts";

/** `npm run dashboards:pictures` asks for pictures of a run of so many seconds. */
const pictureSeconds = Number(process.env.JOBWRIGHT_PICTURE_SECONDS ?? 0);

/** What has no series while all is well, by panel and legend. */
const mayBeEmpty = new Set([
  // The metrics are absent where nothing holds or limits a pool; the queries ask for what is so.
  "What decided, held and limited: held by {{by}}",
  "What decided, held and limited: limited: {{reason}}",
  "What decided, held and limited: paused",
  "What decided, held and limited: target unreachable",
  // No pod is in trouble.
  "Pods in trouble: {{reason}}",
  // Counted from the first failure on.
  "Reconciles per second: {{controller}} failed",
]);

test("every query and every variable of the dashboards finds what it asks for in a real run", {
  timeout: 240_000 + pictureSeconds * 2_000,
}, async (context) => {
  const scene = await setScene(context, { withoutOperator: true });
  const operator = await startOperatorProcess({
    kubeconfig: readCluster().kubeconfig,
    namespace: scene.namespace,
    folder: mkdtempSync(join(tmpdir(), "jobwright-dashboards-")),
  });
  context.onTestFinished(() => operator.stop());
  await using prometheus = await startPrometheus();
  const shop = await openShop(context, scene);

  const scrapeAll = () => prometheus.scrape([operator.target, ...shop.targets()]);
  scrapeAll();
  // Seen at zero, so that it is seen to be scaled.
  const ups = `jobwright_pool_scale_events_total{namespace="${scene.namespace}", pool="resize", direction="up"}`;
  await expect.poll(() => prometheus.query(ups)).toMatchObject([{ value: 0 }]);
  const fromSeconds = Date.now() / 1_000;
  const trickle = setInterval(() => {
    scrapeAll();
    shop.pictures(3, { wrong: 0.3 }).catch(() => {});
    shop.mails(1).catch(() => {});
  }, 500);
  context.onTestFinished(() => clearInterval(trickle));

  const fixed = { namespace: scene.namespace, queue: "images", pool: "resize", __rate_interval: "10s" };
  const unknown = new Set(mayBeEmpty);
  for (const dashboard of Object.values(dashboards())) {
    for (const { name, label, selector } of variablesOf(dashboard)) {
      const values = () => prometheus.labelValues(label, filledIn(selector, fixed));
      await expect
        .poll(values, { message: `${dashboard.title}: $${name}` })
        .toContain(fixed[name as keyof typeof fixed]);
    }
    const asked = panelsOf(dashboard).flatMap((panel) =>
      questionsOf(panel).map((question) => ({ ...question, name: `${panel.title}: ${question.legend}` })),
    );
    for (const { name, expression } of asked) {
      const ask = () => prometheus.query(filledIn(expression, fixed));
      // An error fails it, whether there must be something or not.
      unknown.delete(name);
      if (mayBeEmpty.has(name)) await ask();
      else await expect.poll(ask, { message: `${dashboard.title}: ${name}\n${expression}` }).not.toEqual([]);
    }
    for (const { expr = "" } of dashboard.annotations.list ?? []) {
      const marks = () =>
        prometheus.queryRange(filledIn(expr, fixed), { fromSeconds, toSeconds: Date.now() / 1_000, stepSeconds: 1 });
      if (expr !== "") await expect.poll(marks, { message: expr }).not.toEqual([]);
    }
  }
  expect([...unknown], "what may be empty is a query of some panel").toEqual([]);
  clearInterval(trickle);
  if (pictureSeconds > 0) {
    await takePictures({ prometheus, shop, seconds: pictureSeconds, values: fixed, onTick: scrapeAll });
  }
});
