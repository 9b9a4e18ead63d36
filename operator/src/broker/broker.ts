import type { BrokerAddress } from "./address.ts";
import { type BrokerConnection, openConnection } from "./connection.ts";
import { type BrokerFeatures, inspectBroker } from "./features.ts";
import { type Management, openManagement } from "./management.ts";
import { type Observed, observeVhost } from "./observe.ts";
import { createOwnChanges, noting, type OwnChanges } from "./own-changes.ts";
import { openPublisher, type Publisher } from "./publisher.ts";

/** A broker's version and our rights there seldom change. */
const featuresMaxAgeMs = 60_000;
/** All JobQueues of a vhost that are resynced together look at one listing. */
const observationMaxAgeMs = 1_000;

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
  /** For the wake watches, which keep a channel each: a connection has room for 2,047 only. */
  readonly waking: BrokerConnection;
  /** Parked messages may find their target now: set at the start and with each new target binding, cleared by {@link reinjectParked}. */
  readonly parked: { mayReturn: boolean };
  /** Publishes confirmed, on a connection of its own. */
  readonly publisher: Publisher;
  /** Looks at the broker, at most once a minute. Throws what {@link inspectBroker} throws. */
  features(): Promise<BrokerFeatures>;
  /** What exists in the vhost, at most a second old; `fresh`: as of now. */
  observe(options?: { readonly fresh?: boolean }): Promise<Observed>;
  /** To be called after changing the topology, so that nobody sees what was there before. */
  forgetObservation(): void;
}

/**
 * @param name shown beside the connections in the management UI, for example `jobwright-operator`.
 * @param onCall told of each call to the management API (its HTTP method).
 */
export function openBroker(address: BrokerAddress, name: string, onCall?: (method: string) => void): Broker {
  const ownChanges = createOwnChanges();
  const management = noting(openManagement(address, onCall), ownChanges);
  const connection = openConnection(address, name);
  const waking = openConnection(address, `${name} (waking)`);
  const publishing = openConnection(address, `${name} (publishing)`);
  const features = remembered(featuresMaxAgeMs, () => inspectBroker(management, address));
  const observation = remembered(observationMaxAgeMs, () => observeVhost(management, address));
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
    observe({ fresh = false } = {}) {
      if (fresh) observation.forget();
      return observation.get();
    },
    forgetObservation: observation.forget,
    async [Symbol.asyncDispose]() {
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
  const forget = () => {
    kept = undefined;
  };
  return {
    forget,
    get(): Promise<T> {
      if (kept !== undefined && Date.now() - kept.since < maxAgeMs) return kept.result;
      const mine = { since: Date.now(), result: work() };
      kept = mine;
      mine.result.catch(() => {
        if (kept === mine) forget();
      });
      return mine.result;
    },
  };
}
