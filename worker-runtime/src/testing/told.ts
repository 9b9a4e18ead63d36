import { type DeadLetterReason, deadLetterHeader, type OutcomeEvent, outcomeEvent } from "../contract/index.ts";
import { type OutgoingMessage, readJobMessage } from "../message/message.ts";
import type { StoredMessage } from "./memory-queue.ts";

/** A job as it waits, runs or lies among the dead. */
export interface TestJob {
  readonly id: string;
  readonly name: string;
  /** What was sent, as JSON has it. */
  readonly input: unknown;
  readonly attempt: number;
  readonly key: string | undefined;
}

/** A job that was given up. */
export interface DeadJob extends TestJob {
  /** `DeliveryLimit` is the broker's own: it came back from workers more often than `deliveryLimit`. */
  readonly reason: DeadLetterReason | "DeliveryLimit";
  /** What the handler threw last; undefined where no worker had a say. */
  readonly error: { readonly name: string; readonly message: string } | undefined;
  /** Of its message: the contract's `deadLetterHeader` and `header`, and the producer's own. */
  readonly headers: Readonly<Record<string, unknown>>;
}

/** A job's message, told. */
export function testJob(message: StoredMessage, nowMs: number): TestJob {
  const { id, name, attempt, key, content } = readJobMessage(message, nowMs);
  return { id, name, input: jsonOf(content), attempt, key };
}

export function deadJob(message: StoredMessage, nowMs: number): DeadJob {
  const headers: Record<string, unknown> = message.properties.headers ?? {};
  const reason = headers[deadLetterHeader.reason] as DeadLetterReason | undefined;
  const error = {
    name: String(headers[deadLetterHeader.errorName]),
    message: String(headers[deadLetterHeader.errorMessage]),
  };
  return reason === undefined
    ? { ...testJob(message, nowMs), reason: "DeliveryLimit", error: undefined, headers }
    : { ...testJob(message, nowMs), reason, error, headers };
}

export function eventOf(message: OutgoingMessage): OutcomeEvent {
  return outcomeEvent.parse(jsonOf(message.content));
}

/** A body as JSON, or as text if it is none. */
export function jsonOf(content: Buffer): unknown {
  const text = content.toString("utf8");
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
