import type { JobQueue, WorkerPool } from "../api/objects.ts";
import { type BrokerPlace, describePlace, placeOfStatus } from "../jobqueue/broker-place.ts";
import { asOne, Problem } from "../problem.ts";
import { lanesOf } from "./lanes-of.ts";

/** A JobQueue that the handlers of a pool may enqueue to. */
export interface Grant {
  /** The JobQueue's own name. */
  readonly name: string;
  /** Its resolved name on the broker. */
  readonly queueName: string;
  readonly lanes: readonly string[];
}

/** What became of a pool's `spec.publishTo`. */
export interface PublishTo {
  readonly granted: readonly Grant[];
  /** What is not granted, and why; the workers run all the same. */
  readonly refused: Problem | undefined;
}

/**
 * Looks up the JobQueues that the handlers may enqueue to. A worker has one connection to publish with, so they must be where
 * the pool's own queue is.
 *
 * @param find the JobQueue of this name in the pool's namespace.
 * @param place where the pool's own queue is.
 */
export function resolvePublishTo(
  { spec, metadata: { namespace } }: WorkerPool,
  find: (name: string) => JobQueue | undefined,
  place: BrokerPlace,
): PublishTo {
  const granted: Grant[] = [];
  const problems: Problem[] = [];
  for (const { name } of spec.publishTo ?? []) {
    const found = grant(`JobQueue ${namespace}/${name} (spec.publishTo "${name}")`, name, find(name), place);
    if (found instanceof Problem) problems.push(found);
    else granted.push(found);
  }
  return { granted, refused: asOne(problems) };
}

function grant(what: string, name: string, target: JobQueue | undefined, place: BrokerPlace): Grant | Problem {
  if (target === undefined) {
    return new Problem(
      "Reconciling",
      "PublishToNotFound",
      `${what} does not exist: create it, or remove the entry. What handlers enqueue to it fails until then.`,
    );
  }
  if (target.spec.encryption !== undefined) {
    return new Problem(
      "Stalled",
      "PublishToEncrypted",
      `${what} takes encrypted jobs only, and what a handler enqueues to another queue is plain, since a worker has its own queue's keys: remove the entry, and enqueue with createProducer, the Secret ${target.status?.binding?.name ?? "of its producer"} and its keyring, mounted into the template.`,
    );
  }
  const queueName = target.status?.queue;
  const there = placeOfStatus(target);
  if (queueName === undefined || there === undefined) {
    return new Problem(
      "Reconciling",
      "PublishToNotReady",
      `${what} is not on its broker yet; its own conditions say why. What handlers enqueue to it fails until then.`,
    );
  }
  if (describePlace(there) !== describePlace(place)) {
    return new Problem(
      "Stalled",
      "PublishToElsewhere",
      `${what} is at ${describePlace(there)}, and the pool's own queue at ${describePlace(place)}, where its workers are connected: remove the entry, and enqueue with createProducer and the Secret ${target.status?.binding?.name ?? "of its producer"}, mounted into the template.`,
    );
  }
  return { name, queueName, lanes: lanesOf(target) };
}
