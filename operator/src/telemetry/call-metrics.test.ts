import { expect, test } from "vitest";
import { resourceOf } from "./call-metrics.ts";

test.each([
  ["/api/v1/secrets", "secrets"],
  ["/api/v1/namespaces/media/secrets/image-resize-producer", "secrets"],
  ["/api/v1/namespaces/media", "namespaces"],
  ["/apis/jobwright.dev/v1alpha1/namespaces/media/jobqueues/image-resize/status", "jobqueues/status"],
  ["/apis/coordination.k8s.io/v1/namespaces/jobwright/leases/jobwright-operator", "leases"],
])("%s is about %s", (path, resource) => {
  expect(resourceOf(path)).toBe(resource);
});
