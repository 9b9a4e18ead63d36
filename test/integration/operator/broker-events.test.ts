// Where RabbitMQ's event exchange is on, what is changed by hand is put right at once.
import { delayLevel } from "@jobwright/worker-runtime/contract";
import { describe, expect, test } from "vitest";
import { brokerVersions, startPrivateBroker } from "../../broker/index.ts";
import { prepareDamages, sufferDamages } from "./damages.ts";
import { always, condition, eventually, type Scene, setScene } from "./scene.ts";

/** Far less than the 15 s until the next comparison of topology, and the minute until that of users; enough for a slow machine. */
const soonSeconds = 8;

/** Waits until a comparison has just been made, so that the next is far off. */
async function afterComparison(scene: Scene): Promise<void> {
  const before = await scene.passes("jobqueue");
  await eventually(async () => expect(await scene.passes("jobqueue")).toBeGreaterThan(before));
}

describe.each(brokerVersions)("on RabbitMQ %s with the event exchange", { timeout: 240_000 }, (version) => {
  test("whatever somebody deletes or alters is put right at once", async (context) => {
    const server = await startPrivateBroker(version);
    context.onTestFinished(() => server[Symbol.asyncDispose]());
    const scene = await setScene(context, { server });
    await prepareDamages(scene);
    await afterComparison(scene);
    await sufferDamages(scene, soonSeconds);
  });

  test("what JobQueues share is put right at once, and afterwards there is silence", async (context) => {
    const server = await startPrivateBroker(version);
    context.onTestFinished(() => server[Symbol.asyncDispose]());
    const scene = await setScene(context, { server });
    await scene.applyQueue("mail");
    await eventually(async () => expect(condition(await scene.queue("mail"), "Ready")).toMatch("Ready=True"));
    await afterComparison(scene);
    await scene.broker.remove("exchanges", delayLevel(3));
    await scene.broker.remove("policies", `jobwright-defaults:${scene.namespace}`);
    await eventually(async () => {
      expect(await scene.broker.find("exchanges", delayLevel(3))).toBeDefined();
      expect(await scene.broker.find("policies", `jobwright-defaults:${scene.namespace}`)).toBeDefined();
    }, soonSeconds);
    const drifted = await eventually(async () => {
      const events = await scene.events("JobQueue", "mail", "Drifted");
      expect(events).not.toEqual([]);
      return events.map(({ message }) => message).join();
    });
    expect(drifted).toContain(`exchange "${delayLevel(3)}" was missing`);
    // Our own repairs are no news: what comes now are the regular comparisons only.
    await afterComparison(scene);
    const before = await scene.passes("jobqueue");
    await always(async () => expect(await scene.passes("jobqueue")).toBeLessThanOrEqual(before + 1), 14);
  });
});
