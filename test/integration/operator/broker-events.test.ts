// Where RabbitMQ's event exchange is on, what is changed by hand is put right at once.
import { delayLevel } from "@jobwright/worker-runtime/contract";
import { describe, expect, test } from "vitest";
import { brokerVersions, type PrivateBroker, startPrivateBroker } from "../../broker/index.ts";
import { always, condition, eventually, type Scene, setScene } from "./scene.ts";

/** Far less than the 15 s until the next comparison, and enough for a slow machine. */
const soonSeconds = 7;

async function ready(scene: Scene, name: string): Promise<void> {
  await eventually(async () => expect(condition(await scene.queue(name), "Ready")).toMatch("Ready=True"));
}

/** Waits until a comparison has just been made, so that the next is far off. */
async function afterComparison(scene: Scene): Promise<void> {
  const before = await scene.passes("jobqueue");
  await eventually(async () => expect(await scene.passes("jobqueue")).toBeGreaterThan(before));
}

describe.each(brokerVersions)("on RabbitMQ %s with the event exchange", { timeout: 180_000 }, (version) => {
  test("what somebody changes by hand is put right at once, and afterwards there is silence", async (context) => {
    const server: PrivateBroker = await startPrivateBroker(version);
    context.onTestFinished(() => server[Symbol.asyncDispose]());
    const scene = await setScene(context, { server });
    await scene.applyQueue("mail");
    await ready(scene, "mail");
    const name = `${scene.namespace}.mail`;
    const drifted = async () => {
      const events = await scene.events("JobQueue", "mail", "Drifted");
      return events.map(({ message }) => message).join("\n");
    };

    await afterComparison(scene);
    await scene.broker.remove("queues", `${name}.dead`);
    await eventually(async () => {
      expect(await scene.broker.find("queues", `${name}.dead`)).toBeDefined();
      expect(await drifted()).toContain(`queue "${name}.dead" was missing`);
    }, soonSeconds);

    await afterComparison(scene);
    await scene.broker.remove("bindings", "e", name, "q", name, "#");
    await eventually(async () => expect(await scene.broker.bindingKeys(name, name)).toContain("#"), soonSeconds);

    await afterComparison(scene);
    await scene.broker.remove("exchanges", delayLevel(3));
    await eventually(async () => {
      expect(await scene.broker.find("exchanges", delayLevel(3))).toBeDefined();
      expect(await drifted()).toContain(`exchange "${delayLevel(3)}" was missing`);
    }, soonSeconds);

    // Our own repairs are no news: what comes now are the regular comparisons only.
    await afterComparison(scene);
    const before = await scene.passes("jobqueue");
    await always(async () => expect(await scene.passes("jobqueue")).toBeLessThanOrEqual(before + 1), 14);
  });
});
