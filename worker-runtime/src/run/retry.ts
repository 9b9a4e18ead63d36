import { maxDelaySeconds, type RetryPolicy } from "../contract/index.ts";

/**
 * How long to wait before the next attempt, in ms: initial × multiplierⁿ⁻¹ after the n-th attempt failed, at most max,
 * then spread by ± jitter so that jobs which failed together do not come back together. The spread may pass max.
 *
 * @param attempt the attempt that failed, 1 for the first.
 * @param random evenly spread over [0, 1).
 */
export function retryDelayMs(policy: RetryPolicy, attempt: number, random: number): number {
  // The power may be Infinity, which the maximum cuts; but nothing times Infinity is no number.
  const growth = policy.multiplier ** (attempt - 1);
  const delayMs = policy.initialMs === 0 ? 0 : Math.min(policy.maxMs, policy.initialMs * growth);
  const spread = (policy.jitterPercent / 100) * (2 * random - 1);
  return Math.min(Math.round(delayMs * (1 + spread)), maxDelaySeconds * 1000);
}
