import { defaultProducer } from "../api/access.ts";
import type { JobQueueStatus } from "../api/job-queue.ts";
import type { JobQueue } from "../api/objects.ts";
import { type Broker, deleteUser, ensureUser, producerPermissions } from "../broker/index.ts";
import { deleteBindingSecret, ensureBinding, type JobFacts } from "../credentials/binding-secret.ts";
import { overlappingSince, usersOf, withoutRetired } from "../credentials/rotation.ts";
import type { KubeClient } from "../kube/index.ts";
import type { Producer, ProducersPlan } from "./producers.ts";
import { schemasOf } from "./schemas.ts";

/** What status records of the producers after the plan was carried out. */
export interface ProducersRecord {
  readonly producers: readonly Producer[];
  readonly rotationRequest: string | undefined;
}

/** What is to be recorded before the plan is carried out: all that is there, and all that will be. */
export function recordBefore({ producers, leaving, request }: ProducersPlan): ProducersRecord {
  return { producers: [...producers, ...leaving], rotationRequest: request };
}

/** The same status with this record, or with the one that it had. */
export function withProducers({ status }: JobQueue, found: JobQueueStatus, record?: ProducersRecord): JobQueueStatus {
  const { producers, rotationRequest } = record ?? status ?? {};
  return {
    ...found,
    ...(producers && { producers: [...producers] }),
    ...(rotationRequest === undefined ? {} : { rotationRequest }),
  };
}

/**
 * Gives each producer its user on the broker and the Secret to connect with, and takes both from those that leave. One that
 * cannot have its Secret does not keep the others from theirs.
 *
 * @param lanes those on the broker.
 * @throws Problem SecretTaken, after all the rest is done; Problem if a schema is wrong, before anything is written.
 */
export async function provisionProducers(
  client: KubeClient,
  broker: Broker,
  jobQueue: JobQueue,
  queueName: string,
  lanes: readonly string[],
  { producers, leaving, expired, request }: ProducersPlan,
  now: Date,
): Promise<ProducersRecord> {
  const facts = factsOf(jobQueue);
  const failed: unknown[] = [];
  const gone: string[] = [];
  const after: Producer[] = [];
  for (const producer of producers) {
    const { name, secretName, user, retiring = [] } = producer;
    const permissions = producerPermissions({
      ...{ queueName, lanes },
      producer: name === defaultProducer ? undefined : name,
    });
    try {
      const moved = await ensureBinding(client, {
        ...{ owner: jobQueue, name: secretName, username: user, address: broker.address, queue: queueName, facts },
        ensureUser: ({ username, password }) => ensureUser(broker, { name: username, password, permissions }),
      });
      // A crash may have come between the record and the Secret: the overlap begins when producers can change over.
      const current = moved ? overlappingSince(producer, now) : withoutRetired(producer, expired);
      after.push(current);
      const kept = usersOf(current);
      gone.push(...usersOf(producer).filter((one) => !kept.includes(one)));
      for (const { user: earlier } of retiring) {
        if (kept.includes(earlier)) await ensureUser(broker, { name: earlier, password: undefined, permissions });
      }
    } catch (error) {
      failed.push(error);
    }
  }
  for (const one of leaving) {
    for (const user of usersOf(one)) await deleteUser(broker, user);
    // One that takes its place may have taken over its Secret.
    if (producers.some(({ secretName }) => secretName === one.secretName)) continue;
    await deleteBindingSecret(client, jobQueue, one.secretName);
  }
  for (const user of gone) await deleteUser(broker, user);
  if (failed.length > 0) throw failed[0];
  return { producers: after, rotationRequest: request };
}

function factsOf(jobQueue: JobQueue): JobFacts {
  const schemas = schemasOf(jobQueue);
  const { maxMessageBytes } = jobQueue.spec.limits ?? {};
  return {
    ...(Object.keys(schemas).length > 0 && { schemas: JSON.stringify(schemas) }),
    ...(maxMessageBytes === undefined ? {} : { maxMessageBytes }),
  };
}
