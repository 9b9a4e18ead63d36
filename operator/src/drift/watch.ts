import {
  type Broker,
  type BrokerAddress,
  type BrokerEvent,
  type BrokerPool,
  eventVhost,
  openConnection,
  watchBrokerEvents,
} from "../broker/index.ts";
import type { Logger } from "../kube/index.ts";
import { type Subject, subjectOf } from "./subject.ts";

/** Whoever deletes one thing mostly deletes more: what comes within this time is looked at together. */
const gatherMs = 200;
/** A look costs a listing of the vhost; more often than this none is made, however much changes. */
const betweenLooksMs = 1_000;

/** A queue that is missing still may be one that cannot be made: no reason to look more often than this. */
const missingAgainMs = 10_000;

/** What somebody changed on one broker, in one vhost; `vhost` is undefined for users. */
export interface Change {
  readonly subject: Subject;
  readonly vhost: string | undefined;
}

/** Hears of changes on brokers within milliseconds, where their event exchange is on. */
export interface DriftWatch extends AsyncDisposable {
  /** Listens to the brokers at these addresses and no others; one connection a server, however many vhosts are used there. */
  follow(addresses: Iterable<BrokerAddress>): Promise<void>;
  /** Says that a queue was found missing, whether the broker tells of changes or not. May be said again and again. */
  missing(address: BrokerAddress, queue: string): void;
}

interface Followed {
  vhosts: readonly BrokerAddress[];
  readonly onEvent: (event: BrokerEvent) => void;
  readonly end: () => Promise<void>;
}

/**
 * @param onChanges told what changed on a server by other hands than ours, after the brokers' listings have been forgotten;
 *   `at` are the addresses in use there.
 */
export function createDriftWatch(options: {
  readonly brokers: Pick<BrokerPool, "get">;
  readonly log: Logger;
  onChanges(changes: readonly Change[], at: readonly BrokerAddress[]): void;
}): DriftWatch {
  const { brokers, log, onChanges } = options;
  const servers = new Map<string, Followed>();

  function open(address: BrokerAddress): Followed {
    const connection = openConnection({ ...address, vhost: eventVhost }, "jobwright-operator (events)");
    let gathered: Change[] = [];
    let timer: NodeJS.Timeout | undefined;
    let lookedAt = 0;
    let lastSaid: string | undefined;

    function look(): void {
      timer = undefined;
      lookedAt = Date.now();
      const changes = gathered;
      gathered = [];
      for (const broker of brokersOf(followed.vhosts)) broker.forgetObservation();
      onChanges(changes, followed.vhosts);
    }

    function onEvent(event: BrokerEvent): void {
      const subject = subjectOf(event);
      if (subject === undefined || isOurs(event, followed.vhosts)) return;
      gathered.push({ subject, vhost: event.vhost });
      const soonest = lookedAt + betweenLooksMs - Date.now();
      timer ??= setTimeout(look, Math.max(gatherMs, soonest));
    }

    function onError(error: unknown): void {
      const why = error instanceof Error ? error.message : String(error);
      if (why === lastSaid) return;
      lastSaid = why;
      log.info(
        { host: address.host, reason: why },
        "the broker does not tell of changes (enable its plugin rabbitmq_event_exchange, and let the operator's user into vhost /): what is changed there by hand is found by the next comparison, within 15 s",
      );
    }

    const watch = watchBrokerEvents(connection, onEvent, onError);
    void watch.ready.then(() => log.info({ host: address.host }, "listening to what the broker tells of changes"));
    const followed: Followed = {
      vhosts: [address],
      onEvent,
      async end() {
        // What is still told until the watch has ended must not open brokers again that nobody uses.
        followed.vhosts = [];
        clearTimeout(timer);
        await watch[Symbol.asyncDispose]();
        await connection[Symbol.asyncDispose]();
      },
    };
    return followed;
  }

  function brokersOf(addresses: readonly BrokerAddress[]): Broker[] {
    return addresses.map((address) => brokers.get(address));
  }

  function isOurs({ event, vhost, name }: BrokerEvent, addresses: readonly BrokerAddress[]): boolean {
    const there = addresses.filter((address) => vhost === undefined || address.vhost === vhost);
    return brokersOf(there).some(({ ownChanges }) => ownChanges.take(event, name));
  }

  /** By vhost and queue: until when it need not be said again that it is missing. */
  const knownMissing = new Map<string, number>();

  return {
    missing(address, name) {
      const id = JSON.stringify([serverKey(address), address.vhost, name]);
      const now = Date.now();
      if ((knownMissing.get(id) ?? 0) > now) return;
      for (const [each, until] of knownMissing) if (until <= now) knownMissing.delete(each);
      knownMissing.set(id, now + missingAgainMs);
      servers.get(serverKey(address))?.onEvent({ event: "queue.deleted", vhost: address.vhost, name });
    },
    async follow(addresses) {
      const wanted = Map.groupBy(distinct(addresses), serverKey);
      const unwanted = [...servers].filter(([key]) => !wanted.has(key));
      for (const [key] of unwanted) servers.delete(key);
      for (const [key, [first, ...others]] of wanted) {
        if (first === undefined) continue;
        const server = servers.get(key) ?? open(first);
        server.vhosts = [first, ...others];
        servers.set(key, server);
      }
      await Promise.all(unwanted.map(([, server]) => server.end()));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...servers.values()].map((server) => server.end()));
      servers.clear();
    },
  };
}

function distinct(addresses: Iterable<BrokerAddress>): BrokerAddress[] {
  return [...new Map(Array.from(addresses, (address) => [JSON.stringify(address), address])).values()];
}

function serverKey({ host, port, tls, ca, username, password }: BrokerAddress): string {
  return JSON.stringify([host, port, tls, ca, username, password]);
}
