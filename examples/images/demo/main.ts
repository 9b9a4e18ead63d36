// `npm run demo`: photographs resized by workers that come when there are jobs and go when there are none, on a real
// cluster, with every job accounted for at the end.
//
//   npm run demo             takes everything down again that it started
//   npm run demo -- --keep   leaves it running, and says what to try next
import { join, relative } from "node:path";
import { defaultBrokerVersion } from "../../../test/broker/index.ts";
import { down } from "../../../test/cluster/down.ts";
import { readCluster } from "../../../test/cluster/index.ts";
import { binDirectory } from "../../../test/cluster/paths.ts";
import { up } from "../../../test/cluster/up.ts";
import { deadLetterReport } from "./dead-letter-report.ts";
import { readDeadLetters } from "./dead-letters.ts";
import { applyExample, countPods, namespace, removeExample } from "./example.ts";
import { follow } from "./follow.ts";
import { inputs } from "./inputs.ts";
import { buildImages, installOperator, operatorNamespace, release, uninstallOperator, vhost } from "./install.ts";
import { connectKube } from "./kubectl.ts";
import { publish, readBinding } from "./publish.ts";
import { removeQueues } from "./queues.ts";
import { recorderClient } from "./recorder-client.ts";
import { clock, say, step, until } from "./step.ts";
import { createTable } from "./table.ts";
import { tally } from "./tally.ts";
import { type Verdict, verdict, verdictLine } from "./verdict.ts";

const jobs = 300;
const output = join(import.meta.dirname, "../../../demo-output");
const keep = process.argv.includes("--keep");

async function demo(): Promise<Verdict> {
  const cluster = readCluster();
  const broker = cluster.broker();
  if (broker.podHost === undefined) {
    throw new Error("the demo's pods must reach its RabbitMQ, so it runs on its own cluster: unset KUBECONFIG");
  }
  await using kube = await connectKube(cluster.kubeconfig, binDirectory);
  const images = await step("Images: operator, worker base, example", buildImages);
  await step(`helm install ${release}`, () => installOperator(kube, broker, images.operator));
  await step("Clearing what an earlier run may have left", async () => {
    // Only a running operator can let go of it.
    await removeExample(kube);
    await removeQueues(broker, vhost, /^images\./);
  });
  const { deadLetterQueue, binding } = await step("kubectl apply -f examples/images", () => applyExample(kube));
  const facts = await readBinding(kube, namespace, binding);
  const recorder = recorderClient(kube, namespace);
  const emptyPool = () =>
    until(
      "the pool has no pod",
      120,
      async () => (await countPods(kube)) === 0 || undefined,
      () => kube.kubectl("describe", "workerpools", "--namespace", namespace),
    );

  await emptyPool();
  say("The pool has no pod.");
  const published = await step(`Publishing ${jobs} jobs, six of them broken on purpose`, () =>
    publish(facts, inputs(jobs)),
  );
  const table = createTable(process.stdout, clock);
  const { peakWorkers, finished } = await follow({ kube, broker, recorder }, deadLetterQueue, published, table.show);
  const pictures = await recorder.download(output);
  say(`${pictures} pictures are in ${relative(process.cwd(), output) || "."}/`);
  if (finished) {
    await step("Waiting for the pool to be back at zero", emptyPool);
  } else {
    say("Not every job came to an end, and nothing has changed for two minutes:");
    console.log(await kube.kubectl("describe", "workerpools", "--namespace", namespace));
  }
  const letters = await readDeadLetters(broker, vhost, deadLetterQueue);
  say(`${letters.length} dead letters in ${deadLetterQueue}:`);
  for (const line of deadLetterReport(letters, published.broken)) console.log(line);
  const result = verdict({
    published: published.ids,
    deadLettered: letters.map(({ id }) => id),
    tally: tally(await recorder.events()),
    peakWorkers,
    firstConfirmedAt: published.firstConfirmedAt,
  });
  if (!result.ok) {
    say("Left as it is, to be looked at; the next run clears it.");
  } else if (keep) {
    console.log(whatToTry(deadLetterQueue));
  } else {
    await step("Removing the example and the operator", async () => {
      await removeExample(kube);
      await uninstallOperator(kube, broker);
    });
  }
  return result;
}

function whatToTry(deadLetterQueue: string): string {
  return `
Everything is still running. In a shell with  eval "$(npm run -s cluster -- env)"  try:

    kubectl get jobwright -n ${namespace}
    kubectl describe workerpool resize -n ${namespace}
    kubectl explain workerpool.spec.scaling
    kubectl logs -n ${operatorNamespace} deployment/${release}
    kubectl patch workerpool resize -n ${namespace} --type=merge -p '{"spec":{"scaling":{"mode":"Manual"}}}'
    kubectl scale workerpool resize -n ${namespace} --replicas=3

RabbitMQ's own pages are at $JOBWRIGHT_BROKER_MANAGEMENT_URL (user $JOBWRIGHT_BROKER_USERNAME, password
$JOBWRIGHT_BROKER_PASSWORD); the dead letters are in queue ${deadLetterQueue} of virtual host ${vhost}.
\`npm run cluster -- down\` ends all of it; \`npm run demo\` runs again from here.
`;
}

function isUp(): boolean {
  try {
    return readCluster().brokers.length > 0;
  } catch {
    return false;
  }
}

// An interrupted demo still ends what it started on this machine; what it made in the cluster, the next run clears.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const wasUp = isUp();
let result: Verdict | undefined;
try {
  await step("Cluster", () => up({ rabbitmq: defaultBrokerVersion }));
  result = await demo();
  if (!keep && result.ok) {
    if (wasUp) say("The cluster was up before, so it stays up: `npm run cluster -- down` ends it.");
    else await step("Cluster down, as it was before", () => down({ purge: false }));
  }
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  say("The demo stopped. What it made is left as it is, to be looked at; the next run clears it.");
}
if (result !== undefined) {
  for (const id of result.lost) say(`lost: ${id}`);
  for (const id of result.repeated) say(`repeated: ${id}`);
  console.log(verdictLine(result));
}
process.exitCode = result?.ok ? 0 : 1;
