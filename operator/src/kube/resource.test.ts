import { expect, test } from "vitest";
import { resourcePath } from "./resource.ts";

const deployments = { group: "apps", version: "v1", plural: "deployments", kind: "Deployment", namespaced: true };
const nodes = { group: "", version: "v1", plural: "nodes", kind: "Node", namespaced: false };

test("paths of collections, objects and subresources", () => {
  expect(resourcePath(deployments)).toBe("/apis/apps/v1/deployments");
  expect(resourcePath(deployments, "ns")).toBe("/apis/apps/v1/namespaces/ns/deployments");
  expect(resourcePath(deployments, "ns", "web", "scale")).toBe("/apis/apps/v1/namespaces/ns/deployments/web/scale");
  expect(resourcePath(nodes, undefined, "n1")).toBe("/api/v1/nodes/n1");
});

test("a name that a URL would not keep is refused, and a slash stays within its name", () => {
  expect(() => resourcePath(deployments, "ns", "..")).toThrow('"." and ".." are no names');
  expect(resourcePath(deployments, "ns", "../../other/web")).toBe(
    "/apis/apps/v1/namespaces/ns/deployments/..%2F..%2Fother%2Fweb",
  );
});

test("an object of a namespaced kind without its namespace is refused", () => {
  expect(() => resourcePath(deployments, undefined, "web")).toThrow('Deployment "web": the kind is namespaced');
});
