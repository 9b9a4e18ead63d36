import { expect, test } from "vitest";
import { localReference } from "./image-reference.ts";

test.each([
  ["operator", "localhost/operator:latest"],
  ["jobwright/operator:dev", "localhost/jobwright/operator:dev"],
  ["localhost/jobwright/operator:dev", "localhost/jobwright/operator:dev"],
  ["registry.example:5000/operator", "registry.example:5000/operator:latest"],
  ["registry.example/team/operator:1", "registry.example/team/operator:1"],
])("%s → %s", (tag, reference) => {
  expect(localReference(tag)).toBe(reference);
});
