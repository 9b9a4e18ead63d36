import {
  type Command,
  controlQueue,
  type Heartbeat,
  heartbeatExchange,
  heartbeatRoutingKey,
  protocolVersion,
  type WorkerConfiguration,
  type WorkerState,
  workerConfiguration,
} from "@jobwright/worker-runtime/contract";
import type { TestContext } from "vitest";
import { configMaps, pods } from "../../../operator/src/kinds.ts";
import type { KubeObject } from "../../../operator/src/kube/index.ts";
import { connectAs } from "./amqp.ts";
import type { Scene } from "./scene.ts";

/** A worker that runs no jobs but speaks the protocol, on the real broker and with its pool's own credentials. */
export interface SimulatedWorker {
  readonly pod: string;
  /** The commands that came, in order. */
  readonly commands: readonly Command["type"][];
  /** The rate that it keeps to now, jobs/s; null for no limit. */
  rate(): number | null;
  /** Whether it takes no jobs because its queue is paused. */
  paused(): boolean;
  /** How many jobs it says it runs, and for how long it has the oldest. At none it is drained, if it was cordoned. */
  run(jobs: number, age?: { oldestRunningSeconds: number }): Promise<void>;
  /** From now on reports nothing, as one that is cut off. */
  fallSilent(): void;
}

/**
 * Takes the place of the worker in a pod that no kubelet runs, until the test ends. It begins with its share of the rate
 * limit, and paused or not, as the pool's configuration has it.
 *
 * @param options `speaksOfPausing`: false for a worker of an older protocol.
 */
export async function simulateWorker(
  context: TestContext,
  scene: Scene,
  pool: string,
  pod: string,
  { speaksOfPausing = true } = {},
) {
  const configuration = await mountedConfiguration(scene, pool);
  const { rateLimit } = configuration;
  let rate: number | null = rateLimit ? (rateLimit.jobs * 1000) / rateLimit.perMs / rateLimit.shares : null;
  const identity = { namespace: scene.namespace, pool, pod };
  const commands: Command["type"][] = [];
  const { model } = await connectAs(context, scene, `${pool}-worker`);
  const channel = await model.createChannel();
  channel.on("error", (error) => process.stderr.write(`simulated worker ${pod}: ${error}\n`));
  const epoch = Date.now();
  let sequence = 0;
  let busy = 0;
  let ended = 0;
  let oldestRunningSeconds: number | null = null;
  let cordoned = false;
  let paused = configuration.paused;

  function report(): void {
    const state: WorkerState = cordoned ? (busy === 0 ? "Drained" : "Cordoned") : "Running";
    const heartbeat: Heartbeat = {
      ...{ version: protocolVersion, ...identity, epoch, sequence: sequence++, state, slots: 1, busy, held: 0 },
      ...{ started: ended + busy, completed: ended, failed: 0, retried: 0, busySeconds: 0, waitSecondsSum: 0 },
      ...{ lastWaitSeconds: null, oldestRunningSeconds, rate, ...(speaksOfPausing && { paused }) },
    };
    channel.publish(heartbeatExchange, heartbeatRoutingKey(identity), Buffer.from(JSON.stringify(heartbeat)));
  }

  let shown: string | undefined;
  /** What the kubelet would find, when that changes. */
  async function show(): Promise<void> {
    const ready = cordoned && busy === 0 ? "False" : "True";
    if (shown === ready) return;
    shown = ready;
    await scene.client.patch(
      pods,
      pod,
      scene.namespace,
      {
        status: {
          phase: "Running",
          conditions: [{ type: "Ready", status: ready }],
          containerStatuses: [
            {
              ...{ name: "handlers", image: "i", imageID: "", restartCount: 0, ready: ready === "True" },
              state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
            },
          ],
        },
      },
      { subresource: "status" },
    );
  }

  await channel.assertQueue(controlQueue(identity), { durable: false, exclusive: true, autoDelete: true });
  await channel.consume(
    controlQueue(identity),
    (message) => {
      if (message === null) return;
      const command = JSON.parse(message.content.toString()) as Command;
      commands.push(command.type);
      if (command.type === "SetRate") rate = command.jobsPerSecond;
      else if (command.type === "Pause" || command.type === "Resume") paused = command.type === "Pause";
      else cordoned = command.type === "Cordon";
      report();
      // The pod may have gone meanwhile.
      show().catch(() => {});
    },
    { noAck: true },
  );
  await show();
  const beat = setInterval(report, 1_000);
  channel.once("close", () => clearInterval(beat));
  context.onTestFinished(() => clearInterval(beat));
  report();
  return {
    pod,
    commands,
    rate: () => rate,
    paused: () => paused,
    async run(jobs: number, age?: { oldestRunningSeconds: number }) {
      ended += Math.max(0, busy - jobs);
      busy = jobs;
      oldestRunningSeconds = age?.oldestRunningSeconds ?? null;
      report();
      await show();
    },
    fallSilent: () => clearInterval(beat),
  } satisfies SimulatedWorker;
}

/** What the operator tells the workers of a pool: what a worker finds mounted. */
export async function mountedConfiguration({ client, namespace }: Scene, pool: string): Promise<WorkerConfiguration> {
  const found = await client.get<KubeObject & { data: Record<string, string> }>(
    configMaps,
    `${pool}-worker`,
    namespace,
  );
  return workerConfiguration.parse(JSON.parse(found?.data["worker.json"] ?? "null"));
}
