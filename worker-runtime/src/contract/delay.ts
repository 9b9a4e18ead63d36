/**
 * The delay fabric: 28 levels, level n being a queue whose messages expire after 2ⁿ seconds into the exchange of the
 * next lower level. The binary digits of a delay are the routing key, so any delay up to 8.5 years is a walk through
 * the levels whose digit is 1. After NServiceBus, whose transport for RabbitMQ does the same.
 */

/** Number of levels. */
export const delayLevels = 28;

/** The longest delay, in seconds: 2²⁸ − 1, about 8.5 years. */
export const maxDelaySeconds = 2 ** delayLevels - 1;

/** Exchange of level `level` (topic), and the name of its queue. */
export function delayLevel(level: number): string {
  return `jobwright.delay.${level}`;
}

/** Where every delayed message enters, whatever its delay. */
export const delayEntryExchange: string = delayLevel(delayLevels - 1);

/** The topic exchange behind level 0, to which each target queue is bound. */
export const delayDeliveryExchange = "jobwright.delay.deliver";

/** Alternate exchange (fanout) and quorum queue that keep delayed messages whose target is gone. */
export const delayParked = "jobwright.delay.parked";

/**
 * The routing key that holds a message for `delayMs` and then routes it to the queue `target`.
 * The fabric counts whole seconds, so the delay is rounded up: never early. Zero or less is no wait at all.
 *
 * @throws RangeError if the delay is not a number or longer than {@link maxDelaySeconds}.
 */
export function delayRoutingKey(delayMs: number, target: string): string {
  const seconds = Math.max(0, Math.ceil(delayMs / 1000));
  if (!Number.isFinite(seconds) || seconds > maxDelaySeconds) {
    throw new RangeError(`a delay of ${delayMs} ms is out of range: expected 0 to ${maxDelaySeconds} s (8.5 years)`);
  }
  const digits = seconds.toString(2).padStart(delayLevels, "0");
  return `${[...digits].join(".")}.${target}`;
}

/** The queue that a routing key of {@link delayRoutingKey} names; undefined for any other key. */
export function delayTarget(routingKey: string): string | undefined {
  return delayedKey.exec(routingKey)?.[1];
}

const delayedKey = new RegExp(`^(?:[01]\\.){${delayLevels}}(.+)$`);

/** The binding key under which the queue `target` takes its delayed messages: never `#`, which would match longer names. */
export function delayBindingKey(target: string): string {
  return `${"*.".repeat(delayLevels)}${target}`;
}
