import { expect, onTestFinished, test } from "vitest";
import { createController, createReflector, objectKey, writeStatus } from "../../../operator/src/kube/index.ts";
import { connect, createNamespace } from "./api-server.ts";
import { eventually } from "./eventually.ts";
import { defineWidgets, type Widget } from "./widgets.ts";

test("reflector and controller bring every object to its state, and a settled one is not written again", async () => {
  const { client } = connect();
  const [namespace, widgets] = await Promise.all([createNamespace(client), defineWidgets(client)]);
  const results: string[] = [];
  let failures = 2;

  const controller = createController({
    name: "widget",
    concurrency: 2,
    metrics: { onReconcile: ({ result }) => results.push(result) },
    async reconcile(key) {
      const widget = reflector.get(key);
      if (!widget) {
        return;
      }
      if (failures > 0) {
        failures -= 1;
        throw new Error("not yet");
      }
      const written = await writeStatus(client, widgets, widget, { count: (widget.spec?.size ?? 0) * 2 });
      results.push(written ? "written" : "unchanged");
    },
  });
  const reflector = createReflector<Widget>({
    client,
    resource: widgets,
    namespace,
    onChange: (object) => controller.enqueue(objectKey(object)),
  });
  onTestFinished(async () => {
    await controller.stop();
    await reflector.stop();
  });

  await Promise.all(
    [1, 2, 3].map((size) =>
      client.apply<Widget>(
        widgets,
        { metadata: { name: `w${size}`, namespace }, spec: { size } },
        { fieldManager: "test", force: true },
      ),
    ),
  );
  reflector.start();
  await reflector.synced();
  controller.start();
  const counts = async () =>
    (await client.list<Widget>(widgets, { namespace })).items.map(({ status }) => status?.count);
  await eventually(counts).toEqual([2, 4, 6]);
  // Each write comes back as a change, whose reconcile finds nothing to do.
  const unchanged = () => results.filter((result) => result === "unchanged").length;
  await eventually(unchanged).toBe(3);
  await client.patch(widgets, "w2", namespace, { spec: { size: 10 } });
  await eventually(counts).toEqual([2, 20, 6]);
  await eventually(unchanged).toBe(4);
  expect(results.filter((result) => result === "written")).toHaveLength(4);
  expect(results.filter((result) => result === "error")).toHaveLength(2);
});
