import {
  type Command,
  controlQueue,
  type Heartbeat,
  heartbeatExchange,
  heartbeatRoutingKey,
  protocolVersion,
  type WorkerState,
} from "@jobwright/worker-runtime/contract";
import type { TestContext } from "vitest";
import { pods } from "../../../operator/src/kinds.ts";
import { connectAs } from "./amqp.ts";
import type { Scene } from "./scene.ts";

/** A worker that runs no jobs but speaks the protocol, on the real broker and with its pool's own credentials. */
export interface SimulatedWorker {
  readonly pod: string;
  /** The commands that came, in order. */
  readonly commands: readonly Command["type"][];
  /** How many jobs it says it runs. At none it is drained, if it was cordoned. */
  run(jobs: number): Promise<void>;
}

/** Takes the place of the worker in a pod that no kubelet runs, until the test ends. */
export async function simulateWorker(context: TestContext, scene: Scene, pool: string, pod: string) {
  const identity = { namespace: scene.namespace, pool, pod };
  const commands: Command["type"][] = [];
  const { model } = await connectAs(context, scene, `${pool}-worker`);
  const channel = await model.createChannel();
  channel.on("error", (error) => process.stderr.write(`simulated worker ${pod}: ${error}\n`));
  const epoch = Date.now();
  let sequence = 0;
  let busy = 0;
  let cordoned = false;

  function report(): void {
    const state: WorkerState = cordoned ? (busy === 0 ? "Drained" : "Cordoned") : "Running";
    const heartbeat: Heartbeat = {
      ...{ version: protocolVersion, ...identity, epoch, sequence: sequence++, state, slots: 1, busy, held: 0 },
      ...{ started: busy, completed: 0, failed: 0, retried: 0, busySeconds: 0, waitSecondsSum: 0 },
      ...{ lastWaitSeconds: null, oldestRunningSeconds: null },
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
      const { type } = JSON.parse(message.content.toString()) as Command;
      commands.push(type);
      cordoned = type === "Cordon";
      report();
      // The pod may have gone meanwhile.
      show().catch(() => {});
    },
    { noAck: true },
  );
  await show();
  const beat = setInterval(report, 1_000);
  context.onTestFinished(() => clearInterval(beat));
  report();
  return {
    pod,
    commands,
    async run(jobs) {
      busy = jobs;
      report();
      await show();
    },
  } satisfies SimulatedWorker;
}
