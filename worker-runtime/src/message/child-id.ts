import { createHash } from "node:crypto";

/**
 * The id of the `index`-th job that job `parentId` enqueues, 0 for the first: a UUID of version 8 (RFC 9562) made of a
 * SHA-256 of both. A job that is repeated gives its children the same ids again, so that they can be told apart from new
 * ones.
 */
export function childId(parentId: string, index: number): string {
  const bytes = createHash("sha256").update(`${parentId}\n${index}`).digest().subarray(0, 16);
  bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
