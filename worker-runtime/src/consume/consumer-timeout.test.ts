import { expect, test } from "vitest";
import { whyLost } from "./consumer-timeout.ts";

test("a consumer timeout is told with the broker's limit and the way out", () => {
  const lost = whyLost(
    new Error(
      'Channel closed by server: 406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 60000 ms. This timeout value can be configured, see consumers doc guide to learn more"',
    ),
  );
  expect(lost.consumerTimedOut).toBe(true);
  expect(lost.message).toContain("consumer timeout of 60 s: set spec.maxJobDuration");
});

test("any other reason is passed on", () => {
  const lost = whyLost(new Error("404 (NOT-FOUND)"));
  expect(lost.consumerTimedOut).toBe(false);
  expect(lost.message).toContain("404 (NOT-FOUND)");
});
