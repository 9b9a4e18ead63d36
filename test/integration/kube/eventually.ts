import { expect } from "vitest";

/** Looks again until the expectation holds: `await eventually(read).toBe(…)`. A minute, for busy machines. */
export function eventually<T>(read: () => T | Promise<T>) {
  return expect.poll(read, { timeout: 60_000 });
}
