import { expect, test } from "vitest";
import { createContactRecord } from "./contact.ts";
import { BrokerUnreachable, CredentialsRefused, ManagementError } from "./errors.ts";

test("is up as of the latest attempt, and keeps when it was up last", async () => {
  let now = 1_000;
  const record = createContactRecord(() => now);
  expect(record.contact).toEqual({ up: undefined, lastMs: undefined });
  await record.note(Promise.resolve());
  now = 2_000;
  await record.note(Promise.reject(new BrokerUnreachable("down"))).catch(() => {});
  expect(record.contact).toEqual({ up: false, lastMs: 1_000 });
  await record.note(Promise.reject(new ManagementError("GET /api/queues", 500, "busy"))).catch(() => {});
  expect(record.contact).toEqual({ up: true, lastMs: 2_000 });
});

test("a refusal of the credentials is no contact, and an error of our own says nothing", async () => {
  const record = createContactRecord(() => 1_000);
  const refused = record.note(Promise.reject(new CredentialsRefused("wrong password")));
  await expect(refused).rejects.toThrow("wrong password");
  expect(record.contact.up).toBe(false);
  await record.note(Promise.resolve());
  await record.note(Promise.reject(new TypeError("a mistake"))).catch(() => {});
  expect(record.contact.up).toBe(true);
});
