import type { BenchInput } from "../subjects/subject.ts";

/** A payload that makes the whole body, as JSON, about `bytes` long. */
export function payloadOf(bytes: number): string {
  const rest: BenchInput = { sequence: 10_000, sentAtMs: 1_000_000.5, payload: "" };
  return "x".repeat(Math.max(0, bytes - JSON.stringify(rest).length));
}
