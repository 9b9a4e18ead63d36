import { expect, test } from "vitest";
import { delayRoutingKey } from "../contract/index.ts";
import { returnedLane } from "./returned-lane.ts";

test.each([
  [delayRoutingKey(0, "media.resize.urgent"), "urgent"],
  [delayRoutingKey(5_000, "media.resize"), undefined],
  // Moved there by hand, or by the operator.
  ["media.resize.returns", undefined],
  ["resize", undefined],
  [delayRoutingKey(0, "media.resized.urgent"), undefined],
  [delayRoutingKey(0, "media.resize.a.b"), undefined],
])("%s is of lane %s", (key, lane) => {
  expect(returnedLane("media.resize", key)).toBe(lane);
});
