import type { Trace } from "./trace.ts";

/**
 * When a run that begins now ends: it takes its time, longer while the downstream is shared by more than it serves well
 * (as many as there are when it begins), and stands still while the downstream hangs.
 */
export function endOfRun(trace: Trace, serviceMs: number, sharers: number, startMs: number, fromMs: number): number {
  const slowed = serviceMs * Math.max(1, sharers / (trace.downstreamSlots ?? sharers));
  const endMs = startMs + slowed;
  const hang = trace.downstreamHangs;
  if (hang === undefined || endMs <= fromMs + hang.fromMs || startMs >= fromMs + hang.untilMs) return endMs;
  return endMs + fromMs + hang.untilMs - Math.max(startMs, fromMs + hang.fromMs);
}
