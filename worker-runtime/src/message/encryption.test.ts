import { createSecretKey } from "node:crypto";
import { expect, test } from "vitest";
import { decrypt, encrypt, encryptionOverheadBytes, encryptWithNonce } from "./encryption.ts";

const key = { id: "2026-01", secret: createSecretKey(Buffer.from(Array.from({ length: 32 }, (_, index) => index))) };
const context = { messageId: "m-1", queue: "media.resize" };
const plain = Buffer.from('{"n":7}');

test("is what Python's cryptography makes of the same key, nonce, text and associated data", () => {
  const nonce = Buffer.from(Array.from({ length: 12 }, (_, index) => 100 + index));
  const body = Buffer.from("6465666768696a6b6c6d6e6f3339b04443de2b410070d4d75b713369b33474952dbd47", "hex");
  expect(encryptWithNonce(plain, key, context, nonce)).toEqual(body);
  expect(decrypt(body, key, context)).toEqual(plain);
});

test("the same text never looks the same, and is as much longer as is said", () => {
  const one = encrypt(plain, key, context);
  expect(one.equals(encrypt(plain, key, context))).toBe(false);
  expect(one.length).toBe(plain.length + encryptionOverheadBytes);
  expect(decrypt(encrypt(Buffer.alloc(0), key, context), key, context)).toEqual(Buffer.alloc(0));
});

test("altered, cut, or moved to another message, queue or key id, it cannot be read", () => {
  const body = encrypt(plain, key, context);
  for (let at = 0; at < body.length; at += 1) {
    const altered = Buffer.from(body);
    altered[at] = (altered[at] ?? 0) ^ 1;
    expect(decrypt(altered, key, context)).toBeUndefined();
    expect(decrypt(body.subarray(0, at), key, context)).toBeUndefined();
  }
  expect(decrypt(body, key, { ...context, messageId: "m-2" })).toBeUndefined();
  expect(decrypt(body, key, { ...context, queue: "media.crop" })).toBeUndefined();
  expect(decrypt(body, { ...key, id: "2026-02" }, context)).toBeUndefined();
});
