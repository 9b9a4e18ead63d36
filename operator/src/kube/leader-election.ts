import type { KubeClient } from "./client.ts";
import { type Clock, pause, systemClock } from "./clock.ts";
import { isAlreadyExists, isConflict } from "./errors.ts";
import { heldBy, type Lease, leaseResource, released, taken } from "./lease.ts";
import { type Logger, silentLogger } from "./log.ts";

export interface LeaderElectionOptions {
  client: KubeClient;
  namespace: string;
  /** Name of the Lease that the candidates share. */
  name: string;
  /** Tells this candidate from the others: the pod's name. */
  identity: string;
  /** After so long without a renewal others may take the lease. Default 15. */
  leaseDurationSeconds?: number;
  /** The leader gives up after failing to renew for so long; must be shorter than the lease. Default 10. */
  renewDeadlineSeconds?: number;
  /** Between two attempts. Default 2. */
  retryPeriodSeconds?: number;
  /** Called once when this candidate leads. The signal aborts when it no longer does. */
  onStarted(signal: AbortSignal): void;
  /** The lease was lost while leading. Another may lead already: end the process. */
  onLost(reason: Error): void;
  log?: Logger | undefined;
  clock?: Clock | undefined;
}

export interface LeaderElection {
  /** Begins to compete; returns at once. */
  start(): void;
  isLeader(): boolean;
  /** Withdraws; a leader hands the lease back, so that a standby takes over at its next attempt. Stop the led work first. */
  stop(): Promise<void>;
}

/** Whose the lease is after an attempt, as far as that could be found out. */
type Outcome = "mine" | "another's" | "unknown";

/**
 * One leader among several candidates, by a Lease. Clocks of different machines are never compared: a lease has expired when
 * this process has seen no change of it for its duration. So a candidate waits out a full duration after it first saw the lease.
 */
export function createLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const { namespace, name, identity, onStarted, onLost, log = silentLogger, clock = systemClock } = options;
  const { leaseDurationSeconds = 15, renewDeadlineSeconds = 10, retryPeriodSeconds = 2 } = options;
  if (renewDeadlineSeconds >= leaseDurationSeconds || retryPeriodSeconds >= renewDeadlineSeconds) {
    throw new Error(
      `leader election: retryPeriodSeconds (${retryPeriodSeconds}) < renewDeadlineSeconds (${renewDeadlineSeconds}) < leaseDurationSeconds (${leaseDurationSeconds}) must hold.`,
    );
  }
  // A call that hangs must leave time for a second one before the deadline.
  const client = options.client.withTimeout((renewDeadlineSeconds * 1000) / 2);
  const stopping = new AbortController();
  const leading = new AbortController();
  let observed: { version: string | undefined; at: number } | undefined;
  let leader = false;
  let running: Promise<void> | undefined;

  /** One attempt to take or renew the lease. */
  async function attempt(): Promise<Outcome> {
    const lease = await client.get<Lease>(leaseResource, name, namespace);
    if (!lease) {
      await client.create(leaseResource, taken(undefined, { namespace, name, identity, leaseDurationSeconds }));
      return "mine";
    }
    const version = lease.metadata.resourceVersion;
    const seen = observed && observed.version === version ? observed : { version, at: clock.now() };
    observed = seen;
    const holder = heldBy(lease);
    const expiresAt = seen.at + (lease.spec.leaseDurationSeconds ?? leaseDurationSeconds) * 1000;
    if (holder !== undefined && holder !== identity && clock.now() < expiresAt) {
      return "another's";
    }
    // Carries the resourceVersion: of two candidates that see the same expired lease, one is refused.
    await client.replace(leaseResource, taken(lease, { namespace, name, identity, leaseDurationSeconds }));
    return "mine";
  }

  async function tryAttempt(): Promise<Outcome> {
    try {
      return await attempt();
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) {
        return "unknown";
      }
      log.warn({ namespace, name, err: error }, "leader election: the lease could not be read or written");
      return "unknown";
    }
  }

  /** Renews until stopped (returns undefined) or until the deadline passed without success. */
  async function renew(leadsSince: number): Promise<Error | undefined> {
    let renewedAt = leadsSince;
    while (true) {
      await pause(clock, retryPeriodSeconds * 1000, stopping.signal);
      if (stopping.signal.aborted) {
        return undefined;
      }
      // Counted from before the request: the others' clocks may start no earlier than its arrival.
      const startedAt = clock.now();
      const remainingMs = renewedAt + renewDeadlineSeconds * 1000 - startedAt;
      const outcome = remainingMs > 0 ? await withinMs(tryAttempt(), remainingMs) : "unknown";
      if (outcome === "mine") {
        renewedAt = startedAt;
      } else if (outcome === "another's") {
        // This process was asleep, with its clock: no use in waiting for the deadline.
        return new Error(`lease ${namespace}/${name} was taken by another`);
      } else if (clock.now() - renewedAt >= renewDeadlineSeconds * 1000) {
        return new Error(`lease ${namespace}/${name} could not be renewed for ${renewDeadlineSeconds} s`);
      }
    }
  }

  /** An attempt that hangs must not hide the deadline. */
  async function withinMs(work: Promise<Outcome>, limitMs: number): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const cancel = clock.after(limitMs, () => resolve("unknown"));
    try {
      return await Promise.race([work, promise]);
    } finally {
      cancel();
    }
  }

  async function run(): Promise<void> {
    let startedAt = clock.now();
    while ((await tryAttempt()) !== "mine") {
      // Jitter, as in client-go, so that candidates do not always collide.
      await pause(clock, retryPeriodSeconds * 1000 * (1 + 0.2 * Math.random()), stopping.signal);
      if (stopping.signal.aborted) {
        return;
      }
      startedAt = clock.now();
    }
    if (stopping.signal.aborted) {
      await release();
      return;
    }
    leader = true;
    onStarted(leading.signal);
    const lost = await renew(startedAt);
    leader = false;
    leading.abort(lost);
    if (lost) {
      onLost(lost);
    } else {
      await release();
    }
  }

  async function release(): Promise<void> {
    try {
      const lease = await client.get<Lease>(leaseResource, name, namespace);
      if (lease && heldBy(lease) === identity) {
        await client.replace(leaseResource, released(lease));
      }
    } catch (error) {
      log.warn({ namespace, name, err: error }, "the lease could not be handed back; it will expire");
    }
  }

  return {
    start() {
      running ??= run();
    },
    isLeader: () => leader,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
