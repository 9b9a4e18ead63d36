import type { JobQueue } from "../api/objects.ts";

/** Names of all lanes that whoever uses a queue may have to do with: those to come, those there, and those that leave. */
export function lanesOf({ spec, status }: JobQueue): string[] {
  return [...new Set([...(spec.lanes ?? []), ...(status?.lanes ?? [])].map(({ name }) => name))];
}
