import type { Clock } from "../clock.ts";
import {
  delayEntryExchange,
  delayLevels,
  laneQueue,
  queueNames,
  repliesExchange,
  returnsQueue,
} from "../contract/index.ts";
import { Nacked, Unroutable } from "../errors.ts";
import type { OutgoingMessage } from "../message/message.ts";
import { type MemoryQueue, memoryQueue, type StoredMessage } from "./memory-queue.ts";

/** A message that waits in the delay fabric. */
export interface DelayedMessage {
  readonly dueAtMs: number;
  /** Name of the queue that it goes to. */
  readonly target: string;
  readonly message: StoredMessage;
}

/** A JobQueue's part of a broker, as the operator makes it, in memory. What it knows of time it has from the clock. */
export interface MemoryBroker {
  /** The work queue, then the lanes' queues in the order given, and last, where they are bounded, the one for what comes back. */
  readonly queues: readonly MemoryQueue[];
  readonly delayed: readonly DelayedMessage[];
  readonly dead: readonly StoredMessage[];
  /** What was published to the exchanges of outcomes and of replies. */
  readonly outcomes: readonly OutgoingMessage[];
  readonly replies: readonly OutgoingMessage[];
  /** What was published to other queues. */
  readonly elsewhere: readonly OutgoingMessage[];
  /** @throws Unroutable for a mandatory message that no queue takes, Nacked for one whose queue is full. */
  publish(message: OutgoingMessage): void;
  /** What the broker itself does with a message that came back too often. */
  bury(message: StoredMessage): void;
}

export interface MemoryBrokerOptions {
  /** Resolved name of the queue. */
  readonly queue: string;
  readonly lanes: readonly string[];
  /** So many jobs may wait in the work queue and in each lane; undefined for any number. */
  readonly maxLength: number | undefined;
  readonly clock: Clock;
  /** Something came into a queue. */
  onReady(): void;
}

export function memoryBroker({ queue, lanes, maxLength, clock, onReady }: MemoryBrokerOptions): MemoryBroker {
  const names = queueNames(queue);
  const work = memoryQueue(names.queue);
  const laneQueues = new Map(lanes.map((lane) => [lane, memoryQueue(laneQueue(queue, lane))]));
  const byName = new Map([work, ...laneQueues.values()].map((one) => [one.name, one]));
  const returns = maxLength === undefined ? [] : [memoryQueue(returnsQueue(queue))];
  const delayed: DelayedMessage[] = [];
  const dead: StoredMessage[] = [];
  const outcomes: OutgoingMessage[] = [];
  const replies: OutgoingMessage[] = [];
  const elsewhere: OutgoingMessage[] = [];

  function arrive(target: MemoryQueue, message: StoredMessage): void {
    target.push(message);
    onReady();
  }

  function enter(target: MemoryQueue, message: OutgoingMessage): void {
    if (maxLength !== undefined && target.ready.length >= maxLength) {
      throw new Nacked(`queue "${target.name}" is full: ${maxLength} jobs wait in it`);
    }
    arrive(target, stored(message));
  }

  function delay(message: OutgoingMessage): void {
    const target = message.routingKey.split(".").slice(delayLevels).join(".");
    const delayMs = delaySeconds(message.routingKey) * 1000;
    const to = byName.get(target);
    if (to === undefined) {
      elsewhere.push(message);
      return;
    }
    const waiting = { dueAtMs: clock.now() + delayMs, target, message: stored(message) };
    delayed.push(waiting);
    clock.after(delayMs, () => {
      delayed.splice(delayed.indexOf(waiting), 1);
      arrive(returns[0] ?? to, waiting.message);
    });
  }

  return {
    queues: [work, ...laneQueues.values(), ...returns],
    delayed,
    dead,
    outcomes,
    replies,
    elsewhere,
    publish(message) {
      switch (message.exchange) {
        case names.exchange:
          return enter(laneQueues.get(laneOf(message.routingKey)) ?? work, message);
        case delayEntryExchange:
          return delay(message);
        case names.deadLetterExchange:
          return void dead.push(stored(message));
        case names.outcomeExchange:
          return void outcomes.push(message);
        case repliesExchange:
          return void replies.push(message);
        default:
          if (message.exchange === "") throw new Unroutable("the queue in memory has no default exchange");
          elsewhere.push(message);
      }
    },
    bury: (message) => void dead.push(message),
  };
}

/** How long the delay fabric holds a message of this routing key. */
export function delaySeconds(routingKey: string): number {
  return Number.parseInt(routingKey.split(".").slice(0, delayLevels).join(""), 2);
}

/** The lane that a routing key names; a job's name has no dots, so what else has is no lane's. */
function laneOf(routingKey: string): string {
  const [word, lane = "", ...job] = routingKey.split(".");
  return word === "lane" && job.length === 1 ? lane : "";
}

function stored({ routingKey, content, properties }: OutgoingMessage): StoredMessage {
  const { messageId, type, contentType, timestamp, replyTo, correlationId, priority, appId, headers } = properties;
  return {
    content,
    fields: { routingKey },
    properties: { messageId, type, contentType, timestamp, replyTo, correlationId, priority, appId, headers },
    returns: 0,
  };
}
