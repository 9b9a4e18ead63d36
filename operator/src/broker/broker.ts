import type { BrokerAddress } from "./address.ts";
import { type BrokerConnection, openConnection } from "./connection.ts";
import {
  type BrokerApi,
  type Contact,
  createContactRecord,
  recordingConnection,
  recordingManagement,
} from "./contact.ts";
import { type Declarer, openDeclarer } from "./declarer.ts";
import { createDelayRecord, type DelaysSeen } from "./delay-record.ts";
import type { Difference } from "./diff.ts";
import { type BrokerFeatures, inspectBroker } from "./features.ts";
import { createListing, type Listing } from "./listing.ts";
import { type Management, openManagement } from "./management.ts";
import { type ManyChannels, openManyChannels } from "./many-channels.ts";
import type { MarkedBinding } from "./marked-bindings.ts";
import { noteMarked, noteRemoved, noteRepaired, type Removed } from "./noted-repairs.ts";
import { type Observed, observeVhost } from "./observe.ts";
import { type ObservedUsers, observeUsers } from "./observe-users.ts";
import { createOwnChanges, noting, type OwnChanges } from "./own-changes.ts";
import { openPublisher, type Publisher } from "./publisher.ts";
import { readTotals, type VhostTotals } from "./totals.ts";
import { createUserDrift, type UserDrift } from "./user-drift.ts";

/** A broker's version and our rights there seldom change. */
const featuresMaxAgeMs = 60_000;
/** All JobQueues of a vhost that are resynced together look at one listing; one of a big vhost may be older (listing.ts). */
const observationMaxAgeMs = 1_000;

/** The broker counts every five seconds: a listing is to add little to that. */
const totalsMaxAgeMs = 2_000;

/** How new a look at a vhost has to be. */
export interface Freshness {
  /** As of now. */
  readonly fresh?: boolean;
  /** Begun then or later. */
  readonly notBeforeMs?: number;
}

/** One vhost of one broker, as the operator's user: everything in this folder works on one of these. */
export interface Broker extends AsyncDisposable {
  readonly address: BrokerAddress;
  readonly management: Management;
  /** What `management` changed, so that it is known when the broker tells of it. */
  readonly ownChanges: OwnChanges;
  /**
   * For consuming and asking, never for publishing: a broker short of memory stops reading from connections that
   * publish, and polls must not hang then.
   */
  readonly connection: BrokerConnection;
  /** For the wake watches, which keep a channel each. */
  readonly waking: ManyChannels;
  /**
   * Parked messages may find their target now: set at the start and with each new target binding, cleared by
   * {@link reinjectParked}, which is worth another time once what was on its way is there.
   */
  readonly parked: { mayReturn: boolean; lookAgainAtMs?: number | undefined };
  /** Publishes confirmed, on a connection of its own. */
  readonly publisher: Publisher;
  /** Looks at the broker, at most once a minute. Throws what {@link inspectBroker} throws. */
  features(): Promise<BrokerFeatures>;
  /** What exists in the vhost, a second old or, in a big one, some seconds. */
  observe(options?: Freshness): Promise<Observed>;
  /** To be called after changing the topology, so that nobody sees what was there before. */
  forgetObservation(): void;
  /** To be called after declaring what a listing lacked: it is noted in the listing, and nobody need look again. */
  noteRepaired(differences: readonly Difference[]): void;
  /** The same for what was taken away. */
  noteRemoved(removed: Removed): void;
  /** The same for the bindings of ours that a queue has to exchanges of others. */
  noteMarked(queue: string, bindings: readonly MarkedBinding[]): void;
  /** The counts of jobs in all queues of the vhost, for showing; for decisions see totals.ts. */
  readonly totals: Listing<VhostTotals>;
  /** What the latest of these counts say of the delay fabric; undefined if there are none of the last minute. */
  readonly delays: DelaysSeen | undefined;
  /** All users, and what they may do in this vhost. */
  readonly users: Listing<ObservedUsers>;
  /** What the latest attempts to talk to it came to. */
  readonly contacts: Readonly<Record<BrokerApi, Contact>>;
  /** What was found changed of users that we made. */
  readonly userDrift: UserDrift;
  /** Declares on channels of its own, on `connection`. */
  readonly declarer: Declarer;
}

/**
 * @param name shown beside the connections in the management UI, for example `jobwright-operator`.
 * @param onCall told of each call to the management API (its HTTP method), and of each declaration by AMQP (`declare`).
 */
export function openBroker(address: BrokerAddress, name: string, onCall?: (method: string) => void): Broker {
  const ownChanges = createOwnChanges();
  const records = { amqp: createContactRecord(), management: createContactRecord() };
  const management = recordingManagement(noting(openManagement(address, onCall), ownChanges), records.management);
  const connection = recordingConnection(openConnection(address, name), records.amqp);
  const waking = openManyChannels(() => openConnection(address, `${name} (waking)`));
  const publishing = openConnection(address, `${name} (publishing)`);
  const features = remembered(featuresMaxAgeMs, () => inspectBroker(management, address));
  const observation = createListing(() => observeVhost(management, address), observationMaxAgeMs);
  const delays = createDelayRecord();
  const totals = createListing(() => delays.note(readTotals(management, address)), totalsMaxAgeMs);
  const users = createListing(() => observeUsers(management, address), observationMaxAgeMs);
  const declarer = openDeclarer(connection, () => onCall?.("declare"));
  const publisher = openPublisher(publishing);
  return {
    address,
    management,
    ownChanges,
    connection,
    waking,
    parked: { mayReturn: true },
    publisher,
    features: features.get,
    observe({ fresh = false, notBeforeMs } = {}) {
      if (fresh) observation.forget();
      return observation.get(notBeforeMs);
    },
    forgetObservation() {
      observation.forget();
      users.forget();
    },
    noteRemoved(removed) {
      observation.note((observed) => noteRemoved(observed, removed));
    },
    noteMarked(queue, bindings) {
      observation.note((observed) => noteMarked(observed, queue, bindings));
    },
    noteRepaired(differences) {
      observation.note((observed) => noteRepaired(observed, differences));
    },
    totals,
    get delays() {
      return delays.seen;
    },
    users,
    get contacts() {
      return { amqp: records.amqp.contact, management: records.management.contact };
    },
    userDrift: createUserDrift(),
    declarer,
    async [Symbol.asyncDispose]() {
      await declarer[Symbol.asyncDispose]();
      await Promise.all([
        connection[Symbol.asyncDispose](),
        waking[Symbol.asyncDispose](),
        publishing[Symbol.asyncDispose](),
        management[Symbol.asyncDispose](),
      ]);
    },
  };
}

/** Keeps a result for a while, counted from when the work for it began; failures are not kept. */
function remembered<T>(maxAgeMs: number, work: () => Promise<T>) {
  let kept: { readonly since: number; readonly result: Promise<T> } | undefined;
  return {
    get(): Promise<T> {
      if (kept !== undefined && Date.now() - kept.since < maxAgeMs) return kept.result;
      const mine = { since: Date.now(), result: work() };
      kept = mine;
      mine.result.catch(() => {
        if (kept === mine) kept = undefined;
      });
      return mine.result;
    },
  };
}
