import type { BrokerConnection } from "./connection.ts";
import { BrokerError, ManagementError } from "./errors.ts";
import type { Management } from "./management.ts";

/** The two ways in which a broker is talked to. */
export const brokerApis = ["amqp", "management"] as const;
export type BrokerApi = (typeof brokerApis)[number];

/** What the latest attempt over one of them came to. */
export interface Contact {
  /** Whether it let us in and answered; undefined before the first attempt. */
  readonly up: boolean | undefined;
  /** When it last did, ms since 1970; undefined if it never has. */
  readonly lastMs: number | undefined;
}

/** Tells of a broker whether it can be worked with, from what is asked of it anyway. */
export interface ContactRecord {
  readonly contact: Contact;
  /** Passes the call's outcome on, and takes note of it. */
  note<T>(call: Promise<T>): Promise<T>;
}

/** @param now ms since 1970. */
export function createContactRecord(now: () => number = Date.now): ContactRecord {
  let contact: Contact = { up: undefined, lastMs: undefined };
  return {
    get contact() {
      return contact;
    },
    async note(call) {
      try {
        const found = await call;
        contact = { up: true, lastMs: now() };
        return found;
      } catch (error) {
        // An answer that we do not like is an answer.
        if (error instanceof ManagementError) contact = { up: true, lastMs: now() };
        else if (error instanceof BrokerError) contact = { ...contact, up: false };
        throw error;
      }
    },
  };
}

/** The same, with each call noted. */
export function recordingManagement(management: Management, { note }: ContactRecord): Management {
  return {
    find: (path) => note(management.find(path)),
    get: (path) => note(management.get(path)),
    put: (path, body) => note(management.put(path, body)),
    post: (path, body) => note(management.post(path, body)),
    remove: (path) => note(management.remove(path)),
    [Symbol.asyncDispose]: () => management[Symbol.asyncDispose](),
  };
}

/** The same, with each opening of a channel noted: who cannot have one cannot work. */
export function recordingConnection(connection: BrokerConnection, { note }: ContactRecord): BrokerConnection {
  return {
    channel: () => note(connection.channel()),
    confirmChannel: () => note(connection.confirmChannel()),
    blocked: () => connection.blocked(),
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}
