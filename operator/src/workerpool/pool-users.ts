import type { Credentials } from "../api/access.ts";
import { type JobQueue, type WorkerPool, workerPools } from "../api/objects.ts";
import type { WorkerPoolStatus } from "../api/worker-pool.ts";
import { type Broker, type BrokerAddress, BrokerError, type BrokerPool, deleteUser } from "../broker/index.ts";
import { rotationPolicy, withoutRetired } from "../credentials/rotation.ts";
import { type AddressSources, addressOf } from "../jobqueue/address.ts";
import { refuseToWorkElsewhere } from "../jobqueue/broker-place.ts";
import type { EventRecorder, KubeClient, Reflector } from "../kube/index.ts";
import { Problem } from "../problem.ts";
import { type CredentialsRecord, knownUsers, planCredentials, unneeded, withCredentials } from "./credentials.ts";
import type { Deployment } from "./deployment.ts";
import type { Pod } from "./pods.ts";
import { retireUser } from "./provision.ts";

/** The users that pools have on their brokers: those that their workers are to have, and those that are to go. */
export interface PoolUsers {
  /** Which user the workers shall have: status says so before it is made, or a crash could leave it on the broker for ever. */
  record(pool: WorkerPool, jobQueue: JobQueue): Promise<Credentials>;
  /** The status with what is recorded, where a pass of this process has seen to it. */
  recordedIn(pool: WorkerPool, status: WorkerPoolStatus): WorkerPoolStatus;
  /** Takes the users off the broker that the last workers of a rollout have left behind. */
  retire(pool: WorkerPool, broker: Broker): Promise<void>;
  /** Notes where the pool's user is. */
  noteAddress(pool: WorkerPool, address: BrokerAddress): void;
  /** Deletes the pool's users on the broker, if that can be reached; if not, an Event says that they were left there. */
  remove(pool: WorkerPool): Promise<void>;
  forget(uid: string): void;
}

export function createPoolUsers(options: {
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly brokers: BrokerPool;
  readonly sources: AddressSources;
  readonly jobQueues: Pick<Reflector<JobQueue>, "get">;
  /** The time of day, ms, by which credentials are rotated. */
  now(): number;
  observe(pool: WorkerPool): { readonly deployment: Deployment | undefined; readonly pods: readonly Pod[] };
  writeStatus(pool: WorkerPool, status: WorkerPoolStatus): Promise<void>;
  onAddress(uid: string, address: BrokerAddress): Promise<void>;
}): PoolUsers {
  const { client, events, brokers, sources, now, observe } = options;
  /** By uid: what is known of the workers' credentials, where a pass of this process has seen to them. */
  const credentials = new Map<string, CredentialsRecord>();
  /** By uid. The JobQueue that tells where its user is may be gone before the pool. */
  const addresses = new Map<string, BrokerAddress>();

  async function record(pool: WorkerPool, jobQueue: JobQueue): Promise<Credentials> {
    const record = planCredentials(pool, rotationPolicy(jobQueue.spec), new Date(now()));
    credentials.set(pool.metadata.uid, record);
    const { user } = record.credentials;
    if (knownUsers(pool).includes(user)) return record.credentials;
    await options.writeStatus(pool, { ...pool.status });
    const message = `workers get user "${user}" and are replaced as by any other change; the user before goes with the last worker that has it`;
    events.record(pool, "Normal", "CredentialsRotated", message);
    return record.credentials;
  }

  async function retire(pool: WorkerPool, broker: Broker): Promise<void> {
    const { uid } = pool.metadata;
    const record = credentials.get(uid);
    if (record === undefined) return;
    const { deployment, pods } = observe(pool);
    const gone = unneeded(record.credentials, deployment, pods);
    if (gone.length === 0) return;
    for (const user of gone) await retireUser(client, broker, pool, user);
    credentials.set(uid, { ...record, credentials: withoutRetired(record.credentials, gone) });
  }

  /** Where the pool's user is, as far as that is known. Throws what {@link addressOf} throws. */
  async function addressOfUser(uid: string, jobQueue: JobQueue | undefined): Promise<BrokerAddress | undefined> {
    const before = addresses.get(uid);
    if (jobQueue === undefined) return before;
    try {
      const address = await addressOf(sources, jobQueue);
      refuseToWorkElsewhere(jobQueue, address);
      return address;
    } catch (error) {
      // The Secret is gone or leads elsewhere: what it said before may still be good.
      if (before === undefined) throw error;
      return before;
    }
  }

  async function remove(pool: WorkerPool): Promise<void> {
    const { namespace, name, uid } = pool.metadata;
    const users = knownUsers(pool);
    try {
      const jobQueue = options.jobQueues.get(`${namespace}/${pool.spec.queueRef.name}`);
      const address = await addressOfUser(uid, jobQueue);
      if (address === undefined) {
        if (!provisionedBefore(pool)) return;
        // A pass that closely follows the last one may still see the pool in the cache.
        if ((await client.get(workerPools, name, namespace))?.metadata.uid !== uid) return;
        throw new Problem(
          "Stalled",
          "QueueNotFound",
          "its JobQueue, which tells where the broker is, was deleted before",
        );
      }
      await options.onAddress(uid, address);
      for (const user of users) await deleteUser(brokers.get(address), user);
    } catch (error) {
      if (!isBeyondCleaning(error)) throw error;
      const why = error instanceof Error ? error.message : String(error);
      events.record(pool, "Warning", "LeftOnBroker", `user "${users.join('", "')}" was not deleted: ${why}`);
    }
  }

  return {
    ...{ record, retire, remove },
    recordedIn: ({ metadata }, status) => withCredentials(status, credentials.get(metadata.uid)),
    noteAddress: ({ metadata }, address) => void addresses.set(metadata.uid, address),
    forget(uid) {
      credentials.delete(uid);
      addresses.delete(uid);
    },
  };
}

/** Whether the pool ever came to have workers, and so a user on the broker. */
function provisionedBefore({ status }: WorkerPool): boolean {
  return status?.desiredReplicas !== undefined;
}

/** The user cannot be deleted: the way to the broker is gone, or it does not answer or refuses. The pods are gone all the same. */
function isBeyondCleaning(error: unknown): boolean {
  return error instanceof Problem || error instanceof BrokerError;
}
