import { onTestFinished } from "vitest";
import type { KubeClient, KubeObject, Resource } from "../../../operator/src/kube/index.ts";
import { uniqueName } from "./api-server.ts";
import { eventually } from "./eventually.ts";

/** A kind of the test's own, which no controller of the cluster touches. */
export interface Widget extends KubeObject {
  spec?: { size?: number };
  status?: WidgetStatus;
}

interface WidgetStatus {
  phase?: string;
  count?: number;
  parts?: { name: string; ok: boolean }[];
}

const definitions: Resource = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
};

interface Definition extends KubeObject {
  status?: { conditions?: { type: string; status: string }[] };
}

const object = (properties: object) => ({ type: "object", properties });

/** Defines the kind in a group of its own, so that its watch cache begins now; removed when the test is over. */
export async function defineWidgets(client: KubeClient): Promise<Resource> {
  const group = `${uniqueName()}.example.com`;
  const name = `widgets.${group}`;
  const part = object({ name: { type: "string" }, ok: { type: "boolean" } });
  await client.create(definitions, {
    metadata: { name },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: object({
              spec: object({ size: { type: "integer" } }),
              status: object({
                phase: { type: "string" },
                count: { type: "integer" },
                parts: { type: "array", items: part },
              }),
            }),
          },
        },
      ],
    },
  });
  onTestFinished(() => client.delete(definitions, name));
  const widgets = { group, version: "v1", plural: "widgets", kind: "Widget", namespaced: true };
  await eventually(async () => {
    const definition = await client.get<Definition>(definitions, name);
    return definition?.status?.conditions?.find(({ type }) => type === "Established")?.status;
  }).toBe("True");
  // Established comes a moment before the kind is served.
  await eventually(() => client.list(widgets).then(() => "served", String)).toBe("served");
  return widgets;
}
