import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { isHashOf } from "./users.ts";

it("isHashOf recognises the broker's salted hash of a password", () => {
  const salt = Buffer.from("908dc60a", "hex");
  const hash = createHash("sha256").update(salt).update("test12").digest();
  const stored = Buffer.concat([salt, hash]).toString("base64");
  // The worked example of RabbitMQ's guide on password hashing.
  expect(stored).toBe("kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR");
  expect(isHashOf(stored, "test12", "sha256")).toBe(true);
  expect(isHashOf(stored, "test13", "sha256")).toBe(false);
  expect(isHashOf("", "test12", "sha256")).toBe(false);
});
