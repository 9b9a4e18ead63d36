import { expect, test } from "vitest";
import type { JobQueue } from "../api/objects.ts";
import { secretsNamed } from "./secrets-named.ts";

const queue = (spec: object) => ({ metadata: { name: "mail", namespace: "post" }, spec }) as JobQueue;
const operators = { namespace: "jobwright", name: "rabbitmq" };

test("a JobQueue follows the Secrets that it names, of its own namespace", () => {
  const spec = { broker: { secretRef: { name: "broker" }, caSecretRef: { name: "ca" } } };
  expect(secretsNamed(queue(spec), operators)).toEqual(["post/broker", "post/ca"]);
});

test("a JobQueue on the operator's broker follows that one's Secret", () => {
  const spec = { encryption: { keySecretRef: { name: "keys" } } };
  expect(secretsNamed(queue(spec), operators)).toEqual(["post/keys", "jobwright/rabbitmq"]);
  expect(secretsNamed(queue({}), undefined)).toEqual([]);
});
