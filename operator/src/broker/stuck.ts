import type { DelayLevel } from "./delayed.ts";

/** By level: since when its overdue jobs have not become fewer, ms, and how many they were last. */
export type NotFewer = ReadonlyMap<number, { readonly sinceMs: number; readonly overdue: number }>;

/**
 * What can be told of a level whose overdue jobs the broker does not move on.
 *
 * That some are overdue is usual for moments, and under load at any moment. But jobs leave a level in the order in which they came,
 * all by the same way: while they leave, one count or another is lower than the one before. Counts that are above zero and never
 * fall for minutes, at four a minute, tell that nothing leaves, or less than comes.
 *
 * No other sign tells it. A level where all are overdue has no messages ready, as an empty one; one with many may have got them just
 * now. RabbitMQ says of no message in a quorum queue when it came (`head_message_timestamp` is a classic queue's), and counts
 * for a queue what was delivered and acknowledged, but not what left it by expiring.
 */
export function notFewer(before: NotFewer, levels: readonly DelayLevel[], nowMs: number): NotFewer {
  return new Map(
    levels
      .filter(({ overdue }) => overdue > 0)
      .map(({ level, overdue }) => {
        const last = before.get(level);
        const sinceMs = last !== undefined && overdue >= last.overdue ? last.sinceMs : nowMs;
        return [level, { sinceMs, overdue }];
      }),
  );
}
