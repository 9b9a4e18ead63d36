import { parseDuration } from "@jobwright/worker-runtime/contract";
import type { JobQueue } from "../api/objects.ts";
import type { Limits } from "../broker/index.ts";

/** What a JobQueue's `spec.limits` says to the broker; the size of a message it says to producers and workers. */
export function limitsOf({ spec: { limits = {} } }: JobQueue): Limits {
  const { maxLength, maxLengthBytes, messageTTL } = limits;
  return {
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(maxLengthBytes === undefined ? {} : { maxLengthBytes }),
    ...(messageTTL === undefined ? {} : { messageTtlMs: parseDuration(messageTTL) }),
  };
}
