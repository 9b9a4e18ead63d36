import { z } from "zod";

/**
 * What became of a job, as JSON, published to the queue's outcome exchange with routing key `<outcome>.<job>`, and to the
 * replies exchange for jobs whose producer set `reply_to`.
 * - `done`: with `output`, if the handler returned something that JSON has a word for.
 * - `failed`: dead-lettered, with `error`.
 * - `retried`: this attempt failed and another comes, with `error`.
 * - `progress`: still running, with `progress`. Best effort: not confirmed, at most one a second for a job.
 */
export const outcomeEvent = z.object({
  /** The job's id; also the message's `correlation_id`. */
  id: z.string(),
  job: z.string(),
  /** Resolved name of the queue. */
  queue: z.string(),
  outcome: z.enum(["done", "failed", "retried", "progress"]),
  attempt: z.int().positive(),
  /** The producer's key, if it gave one. */
  key: z.string().optional(),
  /** When it happened, in ms since the Unix epoch. */
  at: z.int(),
  output: z.unknown().optional(),
  error: z.object({ name: z.string(), message: z.string(), reason: z.string().optional() }).optional(),
  progress: z.object({ fraction: z.number().min(0).max(1), note: z.string().optional() }).optional(),
});
export type OutcomeEvent = z.infer<typeof outcomeEvent>;

/** Routing key on the outcome exchange. */
export function outcomeRoutingKey(outcome: OutcomeEvent["outcome"], job: string): string {
  return `${outcome}.${job}`;
}
