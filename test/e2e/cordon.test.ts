import { type Heartbeat, heartbeat, heartbeatExchange } from "@jobwright/worker-runtime/contract";
import { connect } from "amqplib";
import { expect, onTestFinished, test } from "vitest";
import { readDeadLetters } from "./dead-letters.ts";
import { nap } from "./handlers/jobs.ts";
import { kubectl } from "./kubectl.ts";
import { until } from "./until.ts";
import { createWorkspace, name, type Workspace } from "./workspace.ts";

/** Each worker's newest report, as the operator hears it. */
async function listen({ vhost }: Workspace): Promise<ReadonlyMap<string, Heartbeat>> {
  const connection = await connect(vhost.amqpUrl);
  onTestFinished(() => connection.close());
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue("", { exclusive: true });
  await channel.bindQueue(queue, heartbeatExchange, "#");
  const reports = new Map<string, Heartbeat>();
  const take = (content: Buffer) => {
    const report = heartbeat.parse(JSON.parse(content.toString()));
    reports.set(report.pod, report);
  };
  await channel.consume(queue, (message) => message && take(message.content), { noAck: true });
  return reports;
}

test("30 rounds of cordon and un-cordon under load: nothing is dead-lettered, nothing repeated", async () => {
  const workspace = await createWorkspace("cordon");
  const { recorder, namespace } = workspace;
  // With a limit this low, a single delivery that every round hands back would be buried.
  await workspace.applyQueue({ deliveryLimit: 5 });
  // A worker removed while it works would be cut short: there is no time to finish.
  await workspace.applyPool({ replicas: 3, concurrency: 2, drainTimeout: "1s", scaling: { mode: "Manual" } });
  const reports = await listen(workspace);
  await workspace.workersReady(3);
  const producer = await workspace.producer();
  const scale = (replicas: number) => kubectl("scale", `workerpool/${name}`, "-n", namespace, `--replicas=${replicas}`);
  const inState = (states: readonly string[]) => [...reports.values()].filter(({ state }) => states.includes(state));
  const jobs: string[] = [];
  const topUp = async () => {
    const waiting = recorder.unfinished(jobs).length;
    for (let more = waiting; more < 9; more += 1) jobs.push(await producer.enqueue(nap, { ms: 2_500 }));
  };

  for (let round = 0; round < 30; round += 1) {
    await topUp();
    await scale(1);
    await until(`round ${round}: a worker is cordoned`, () => inState(["Cordoned", "Drained"]).length > 0, 20);
    await topUp();
    await scale(3);
    await until(`round ${round}: three workers take jobs`, () => inState(["Running"]).length >= 3, 20);
  }

  await until("all jobs are finished", () => recorder.unfinished(jobs).length === 0);
  expect(recorder.repeated()).toEqual([]);
  expect(await readDeadLetters(workspace)).toEqual([]);
});
