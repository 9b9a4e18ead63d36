import { PublishRefused, Unroutable } from "../errors.ts";
import type { OutgoingMessage } from "../message/message.ts";

const accessRefused = 403;
const notFound = 404;

/**
 * Which of the messages in flight the broker meant when it closed the channel. It names no message, only what was wrong
 * (tried on RabbitMQ 3.10 and 4.0): `no exchange 'x'`, `access to exchange 'x'`, `access to topic 'key' in exchange 'x'`,
 * `message size 9 is larger than configured max size 8`. Others of the same kind would be refused as well.
 *
 * @returns those to blame; all of them when the words name none, so that nothing is sent again for ever.
 */
export function blamed<Sent extends { readonly message: OutgoingMessage }>(
  refusal: Error,
  inFlight: readonly Sent[],
): Sent[] {
  const found = inFlight.filter(({ message }) => isMeant(refusal.message, message));
  return found.length === 0 ? [...inFlight] : found;
}

function isMeant(words: string, { exchange, routingKey, content }: OutgoingMessage): boolean {
  const limit = /larger than configured max size (\d+)/.exec(words)?.[1];
  if (limit !== undefined) return content.length > Number(limit);
  const topic = /topic '(.*)' in exchange '/.exec(words)?.[1];
  if (topic !== undefined && topic !== routingKey) return false;
  return words.includes(`exchange '${exchange}'`);
}

/** The error that a message to blame fails with. */
export function refused(refusal: Error, exchange: string): Error {
  const code = "code" in refusal && typeof refusal.code === "number" ? refusal.code : undefined;
  if (code === notFound) {
    return new Unroutable(
      `exchange "${exchange}" does not exist: is the JobQueue there and ready? (${refusal.message})`,
    );
  }
  const hint =
    code === accessRefused
      ? ". A producer may enqueue to its own JobQueue only, a job to its own and to those in its WorkerPool's spec.publishTo"
      : "";
  return new PublishRefused(`the broker refused a message for exchange "${exchange}": ${refusal.message}${hint}`, code);
}
