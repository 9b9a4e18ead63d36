// Where RabbitMQ's event exchange is on, what is changed by hand is put right at once.
import { delayLevel } from "@jobwright/worker-runtime/contract";
import { describe, expect, test } from "vitest";
import { brokerVersions, startPrivateBroker } from "../../broker/index.ts";
import { prepareDamages, sufferDamages } from "./damages.ts";
import { always, condition, eventually, onlyWhenTold, type Scene, setScene } from "./scene.ts";

/** Waits until the operator hears what is changed: it would never find out about what came before. */
async function listens({ log }: Scene): Promise<void> {
  await eventually(() => expect(log.join("\n")).toContain("listening to what the broker tells of changes"));
}

describe.each(brokerVersions)("on RabbitMQ %s with the event exchange", { timeout: 300_000 }, (version) => {
  test("whatever somebody deletes or alters is put right at once", async (context) => {
    const server = await startPrivateBroker(version);
    context.onTestFinished(() => server[Symbol.asyncDispose]());
    const scene = await setScene(context, { server, ...onlyWhenTold });
    await prepareDamages(scene);
    await listens(scene);
    await sufferDamages(scene);
  });

  test("what JobQueues share is put right at once, and afterwards there is silence", async (context) => {
    const server = await startPrivateBroker(version);
    context.onTestFinished(() => server[Symbol.asyncDispose]());
    const scene = await setScene(context, { server, ...onlyWhenTold });
    await scene.applyQueue("mail");
    await eventually(async () => expect(condition(await scene.queue("mail"), "Ready")).toMatch("Ready=True"));
    await listens(scene);
    await scene.broker.remove("exchanges", delayLevel(3));
    await scene.broker.remove("policies", `jobwright-defaults:${scene.namespace}`);
    await eventually(async () => {
      expect(await scene.broker.find("exchanges", delayLevel(3))).toBeDefined();
      expect(await scene.broker.find("policies", `jobwright-defaults:${scene.namespace}`)).toBeDefined();
    });
    await eventually(async () => {
      const drifted = (await scene.events("JobQueue", "mail", "Drifted")).map(({ message }) => message).join();
      expect(drifted).toContain(`exchange "${delayLevel(3)}" was missing`);
      expect(drifted).toContain(`policy "jobwright-defaults:${scene.namespace}" was missing`);
    });
    // Our own repairs are no news; the pass that made them may be ending.
    const before = await scene.passes("jobqueue");
    await always(async () => expect(await scene.passes("jobqueue")).toBeLessThanOrEqual(before + 1), 5);
  });
});
