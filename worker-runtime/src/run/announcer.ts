import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { OutcomesPolicy } from "../contract/index.ts";
import type { Keyring } from "../message/keyring.ts";
import type { JobMessage, OutgoingMessage } from "../message/message.ts";
import { eventDestinations, eventMessages, outcomeEvent, type Told } from "./outcome-events.ts";
import { createProgressReports, type ProgressReports } from "./progress.ts";
import type { OutcomePublisher } from "./settle.ts";

/** Tells those who follow jobs what becomes of them. */
export interface Announcer {
  /** Whether anybody is told of such an outcome. */
  heard(outcome: Told["outcome"], message: JobMessage): boolean;
  /** The events to be published before the job is acked. Rejects when the queue's keys cannot be read. */
  events(message: JobMessage, told: Told): Promise<OutgoingMessage[]>;
  /** Progress of a run, which is published as it comes. */
  progress(message: JobMessage): ProgressReports;
}

export interface AnnouncerOptions {
  readonly queue: string;
  readonly outcomes: OutcomesPolicy;
  readonly keyring: Keyring | undefined;
  readonly publisher: OutcomePublisher;
  readonly clock: Clock;
  readonly log: Logger;
}

export function createAnnouncer({ queue, outcomes, keyring, publisher, clock, log }: AnnouncerOptions): Announcer {
  const destinations = (outcome: Told["outcome"], message: JobMessage) =>
    eventDestinations(outcome, message, queue, outcomes);

  async function events(message: JobMessage, told: Told): Promise<OutgoingMessage[]> {
    const event = outcomeEvent(message, queue, told, clock.now());
    return await eventMessages(event, destinations(told.outcome, message), keyring);
  }

  return {
    heard: (outcome, message) => destinations(outcome, message).length > 0,
    events,
    progress(message) {
      const heard = destinations("progress", message).length > 0;
      return createProgressReports(async (progress, signal) => {
        if (!heard) return;
        try {
          const sent = await events(message, { outcome: "progress", progress });
          await Promise.all(sent.map((one) => publisher.publish(one, signal)));
        } catch (error) {
          log.debug({ err: error, id: message.id }, "progress was not told");
        }
      }, clock);
    },
  };
}
