import { expect, test } from "vitest";
import type { JobQueue } from "../api/objects.ts";
import { unsupportedBy } from "./unsupported.ts";

const jobQueue = { spec: { maxJobDuration: "2h" } } as JobQueue;
const features = { unlimitedDeliveriesMustBeSaid: false, tellsDeletionLate: false };

test("a broker without consumer timeouts by policy cannot keep maxJobDuration", () => {
  const [only, ...others] = unsupportedBy({ ...features, version: "3.10.8", consumerTimeoutByPolicy: false }, jobQueue);
  expect(only).toContain("maxJobDuration (2h) has no effect: RabbitMQ 3.10.8");
  expect(only).toContain("consumer_timeout in rabbitmq.conf");
  expect(others).toEqual([]);
  expect(unsupportedBy({ ...features, version: "4.0.5", consumerTimeoutByPolicy: true }, jobQueue)).toEqual([]);
});
