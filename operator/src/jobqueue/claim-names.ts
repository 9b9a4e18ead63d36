import { laneQueue } from "@jobwright/worker-runtime/contract";
import type { JobQueue } from "../api/objects.ts";
import type { BrokerAddress } from "../broker/index.ts";
import { objectKey, type Reflector } from "../kube/index.ts";
import { Problem } from "../problem.ts";
import { type AddressSources, addressOf } from "./address.ts";
import { type BrokerPlace, placeOfStatus } from "./broker-place.ts";
import type { Claimant, Claims } from "./claims.ts";

/** The names that JobQueues have on their brokers: of two that ask for one, the first has it. */
export interface NameClaims {
  /**
   * Claims what the JobQueue is to have, and gives up what it had: lanes that are gone, and its old place after a move.
   *
   * @throws Problem NameTaken
   */
  claimAll(jobQueue: JobQueue, address: BrokerAddress, name: string): Promise<void>;
  /** @throws Problem NameTaken if another JobQueue has the name, or a lane whose queue is called so. */
  claim(jobQueue: JobQueue, address: BrokerAddress, name: string): Promise<void>;
  /** Gives up all that it has. */
  release(uid: string): void;
}

/** @param options `jobQueues` are indexed by the names of their queues (`queuesInStatus`); `enqueue` asks for the pass of one that waits for a name. */
export function createNameClaims(options: {
  readonly claims: Claims;
  readonly jobQueues: Pick<Reflector<JobQueue>, "indexed">;
  readonly sources: AddressSources;
  enqueue(key: string): void;
}): NameClaims {
  const { claims, jobQueues, sources, enqueue } = options;

  async function claim(jobQueue: JobQueue, address: BrokerAddress, name: string): Promise<void> {
    for (const other of jobQueues.indexed(name)) {
      if (other.metadata.uid === jobQueue.metadata.uid) continue;
      // It may not have had a pass yet, or none that got so far: a new operator, or it is being deleted.
      const itsPlace = placeOfStatus(other) ?? (await addressOf(sources, other).catch(() => undefined));
      if (itsPlace) claimIn(claims, other, itsPlace, name);
    }
    const holder = claimIn(claims, jobQueue, address, name);
    if (holder === undefined) return;
    const { host, vhost } = address;
    throw new Problem(
      "Stalled",
      "NameTaken",
      `JobQueue ${holder.key} has the name "${name}" in vhost "${vhost}" of ${host}: choose another spec.name in a new JobQueue, or delete the other one.`,
    );
  }

  return {
    claim,
    async claimAll(jobQueue, address, name) {
      const { spec, status } = jobQueue;
      const wanted = [name, ...(spec.lanes ?? []).map((lane) => laneQueue(name, lane.name))];
      const there = (status?.lanes ?? []).map(({ queue }) => queue);
      const keeps = new Set([...wanted, ...there].flatMap((one) => groundsOf(jobQueue, address, one)));
      for (const claimant of claims.release(jobQueue.metadata.uid, keeps)) enqueue(claimant.key);
      for (const one of wanted) await claim(jobQueue, address, one);
    },
    release(uid) {
      for (const claimant of claims.release(uid)) enqueue(claimant.key);
    },
  };
}

/** Claims the name. @returns who has it, if it is another JobQueue whose claim counts. */
function claimIn(claims: Claims, jobQueue: JobQueue, place: BrokerPlace, name: string): Claimant | undefined {
  const holders = groundsOf(jobQueue, place, name).map((ground) => claims.claim(ground, claimantOf(jobQueue)));
  // On the operator's own broker the name is the namespace's. Anybody can write a Secret that names that broker, and would need
  // no good password to hold a name there; whoever has one can do as they like without us.
  const counting = jobQueue.spec.broker === undefined ? holders.slice(0, 1) : holders;
  return counting.find(({ uid }) => uid !== jobQueue.metadata.uid);
}

/** What a JobQueue claims with a name: it among those of its namespace, and among those of all. */
function groundsOf({ metadata }: JobQueue, place: BrokerPlace, name: string): string[] {
  return [`${metadata.namespace} ${nameAt(place, name)}`, nameAt(place, name)];
}

/** A name at a place, in one string. */
export function nameAt({ host, port, vhost }: BrokerPlace, name: string): string {
  return JSON.stringify([host, port, vhost, name]);
}

function claimantOf(jobQueue: JobQueue): Claimant {
  return { key: objectKey(jobQueue), uid: jobQueue.metadata.uid };
}
