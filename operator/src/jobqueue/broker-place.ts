import type { JobQueue } from "../api/objects.ts";
import type { BrokerAddress } from "../broker/index.ts";
import { objectKey } from "../kube/index.ts";
import { Problem } from "../problem.ts";

/** On the JobQueue: the place, exactly as {@link describePlace} writes it, at which its user wants it to go on. */
export const acceptBrokerAnnotation = "jobwright.dev/accept-broker";

/** Where a queue and its jobs are, whoever we are there. Another password is the same place. */
export type BrokerPlace = Pick<BrokerAddress, "host" | "port" | "vhost">;

/** `<host>:<port>/<vhost>`. */
export function describePlace({ host, port, vhost }: BrokerPlace): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}/${vhost}`;
}

/** Where the JobQueue was last put; undefined if it is on no broker yet, or that is not known whole. */
export function placeOfStatus({ status }: JobQueue): BrokerPlace | undefined {
  if (status?.queue === undefined || status.broker === undefined || status.vhost === undefined) return undefined;
  return { ...status.broker, vhost: status.vhost };
}

/** What became of a JobQueue's place: it is on no broker yet, still there, to move (its user accepts), or led astray. */
export type Whereabouts = "New" | "Same" | "Accepted" | "Changed";

/** Compares where the JobQueue was put with where its Secret leads now. */
export function whereabouts(jobQueue: JobQueue, to: BrokerPlace): Whereabouts {
  const from = placeOfStatus(jobQueue);
  if (from === undefined) return "New";
  const there = describePlace(to);
  if (describePlace(from) === there) return "Same";
  return jobQueue.metadata.annotations?.[acceptBrokerAnnotation] === there ? "Accepted" : "Changed";
}

/**
 * Holds a JobQueue where it is: elsewhere its jobs would be left behind.
 *
 * @throws Problem BrokerChanged if its Secret leads elsewhere and its user has not accepted exactly that place.
 */
export function refuseMove(jobQueue: JobQueue, to: BrokerPlace): void {
  if (whereabouts(jobQueue, to) !== "Changed") return;
  const { name, namespace } = jobQueue.metadata;
  const annotate = `kubectl annotate jobqueue ${name} -n ${namespace} --overwrite ${quoted(`${acceptBrokerAnnotation}=${describePlace(to)}`)}`;
  throw new Problem(
    "Stalled",
    "BrokerChanged",
    `${bothPlaces(jobQueue, to)}, where nothing has been done. Jobs do not move along: change the Secret (or spec.broker) back, or, if it is the same broker under another name or the jobs may stay behind, accept the new place: ${annotate}`,
  );
}

/**
 * Keeps a deletion from what is another's at the new place.
 *
 * @throws Problem BrokerChanged if the JobQueue's Secret leads elsewhere than to where it was put.
 */
export function refuseToDeleteElsewhere(jobQueue: JobQueue, to: BrokerPlace): void {
  const found = whereabouts(jobQueue, to);
  if (found === "New" || found === "Same") return;
  throw new Problem(
    "Stalled",
    "BrokerChanged",
    `${bothPlaces(jobQueue, to)}: nothing was deleted at either place. Delete by hand what is left at the old one.`,
  );
}

/**
 * Holds a pool's workers where their queue is, until that has moved.
 *
 * @throws Problem BrokerChanged, or QueueNotReady while the queue is about to move.
 */
export function refuseToWorkElsewhere(jobQueue: JobQueue, to: BrokerPlace): void {
  const found = whereabouts(jobQueue, to);
  if (found === "Changed") {
    throw new Problem(
      "Stalled",
      "BrokerChanged",
      `${bothPlaces(jobQueue, to)}. The workers go on at the old place; the conditions of JobQueue ${objectKey(jobQueue)} say what to do.`,
    );
  }
  if (found === "Accepted") {
    throw new Problem("Reconciling", "QueueNotReady", `${bothPlaces(jobQueue, to)}, which was accepted: it is moving.`);
  }
}

function bothPlaces(jobQueue: JobQueue, to: BrokerPlace): string {
  const from = placeOfStatus(jobQueue);
  const old = from ? describePlace(from) : "another place";
  return `JobQueue ${objectKey(jobQueue)} and its jobs are at ${old}, but its broker's Secret leads to ${describePlace(to)} now`;
}

/** As one word for a shell. */
function quoted(text: string): string {
  return /^[\w./:=@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
