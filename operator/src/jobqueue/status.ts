import { laneQueue, queueNames, returnsQueue } from "@jobwright/worker-runtime/contract";
import type { JobQueueStatus } from "../api/job-queue.ts";
import type { JobQueue } from "../api/objects.ts";
import { type Condition, type NewCondition, readyConditions, removeCondition, setCondition } from "../kube/index.ts";
import type { Problem } from "../problem.ts";
import { type BindingWaits, bindingsStatus, bindingsWait } from "./event-bindings.ts";

/** Where a JobQueue is on its broker. */
export interface Place {
  readonly name: string;
  readonly broker: { readonly host: string; readonly port: number };
  readonly vhost: string;
  /** Its lanes there; `removing`: what keeps the queue of one that it has no more. */
  readonly lanes: readonly { readonly lane: string; readonly removing?: string }[];
  /** Only where it has a queue for what comes back; `removing`: what keeps it although limits bound the queue no more. */
  readonly returns?: { readonly removing?: string } | undefined;
}

/** What a pass over a JobQueue found on its broker. */
export interface Provisioned extends Place {
  readonly brokerVersion: string;
  readonly bindingSecret: string;
  readonly jobs: JobQueueStatus["jobs"];
  /** What this broker cannot do. */
  readonly unsupported: readonly string[];
  /** Another policy that the broker applies instead of ours. */
  readonly policyOverridden?: string | undefined;
  /** What its bindings to exchanges of others wait for. */
  readonly bindings?: BindingWaits;
}

const brokerProblems = new Set([
  "BrokerUnreachable",
  "CertificateRefused",
  "ManagementMissing",
  "CredentialsRefused",
  "NotAdministrator",
]);

/** The status after a pass that put everything on the broker. */
export function provisionedStatus(jobQueue: JobQueue, found: Provisioned, now: Date): JobQueueStatus {
  const { generation } = jobQueue.metadata;
  const overridden = found.policyOverridden;
  const message =
    overridden &&
    `the broker's policy "${overridden}" applies to the queue instead of Jobwright's, so limits and retention are not as asked (nor dead-lettering, if the queue was taken over): delete it, narrow its pattern, or give it a priority below 90.`;
  const bindings = bindingsStatus(jobQueue, found);
  const waiting = bindingsWait(jobQueue, found);
  let conditions = readyConditions(
    jobQueue.status?.conditions,
    message
      ? { state: "Stalled", reason: "PolicyOverridden", message, observedGeneration: generation }
      : waiting
        ? { state: "Reconciling", ...waiting, observedGeneration: generation }
        : {
            state: "Ready",
            reason: "Provisioned",
            message: `publish to exchange "${queueNames(found.name).exchange}" in vhost "${found.vhost}" with the credentials in Secret ${found.bindingSecret}`,
            observedGeneration: generation,
          },
    now,
  );
  conditions = put(conditions, now, {
    type: "BrokerReachable",
    status: "True",
    reason: "Reached",
    message: `RabbitMQ ${found.brokerVersion} answers`,
    observedGeneration: generation,
  });
  conditions = message
    ? put(conditions, now, {
        type: "PolicyOverridden",
        status: "True",
        reason: "OtherPolicyApplies",
        message,
        observedGeneration: generation,
      })
    : removeCondition(conditions, "PolicyOverridden");
  return {
    observedGeneration: generation,
    conditions,
    ...placeStatus(found),
    ...(bindings.length > 0 ? { bindings } : {}),
    ...(found.unsupported.length > 0 ? { unsupported: [...found.unsupported] } : {}),
    binding: { name: found.bindingSecret },
    brokerVersion: found.brokerVersion,
    ...(found.jobs ? { jobs: found.jobs } : {}),
  };
}

function placeStatus({ name, broker: { host, port }, vhost, lanes, returns }: Place) {
  const { exchange, queue, deadLetterQueue, outcomeExchange } = queueNames(name);
  const status = lanes.map(({ lane, removing }) => ({
    ...{ name: lane, queue: laneQueue(name, lane) },
    ...(removing === undefined ? {} : { removing }),
  }));
  return {
    ...{ broker: { host, port }, vhost, exchange, queue, deadLetterQueue, outcomeExchange },
    ...(status.length > 0 ? { lanes: status } : {}),
    ...(returns === undefined ? {} : { returns: { queue: returnsQueue(name), ...returns } }),
  };
}

/** The status while a pass goes on that has put the queue on its broker, so that nothing there is without a record. */
export function placedStatus({ status }: JobQueue, place: Place): JobQueueStatus {
  return { ...status, ...placeStatus(place) };
}

/** The status after a pass that met a problem: what is known of the queue stays. `place`: where the pass has put it. */
export function problemStatus(
  jobQueue: JobQueue,
  { state, reason, message }: Pick<Problem, "state" | "reason" | "message">,
  now: Date,
  place?: Place,
): JobQueueStatus {
  const { generation } = jobQueue.metadata;
  let conditions = readyConditions(
    jobQueue.status?.conditions,
    { state, reason, message, observedGeneration: generation },
    now,
  );
  if (brokerProblems.has(reason)) {
    conditions = put(conditions, now, {
      type: "BrokerReachable",
      status: "False",
      reason,
      message,
      observedGeneration: generation,
    });
  }
  const { lanes, returns, ...known } = jobQueue.status ?? {};
  const where = place ? placeStatus(place) : { ...(lanes && { lanes }), ...(returns && { returns }) };
  return { ...known, ...where, observedGeneration: generation, conditions };
}

function put(conditions: readonly Condition[], now: Date, condition: NewCondition): Condition[] {
  return setCondition(conditions, condition, now);
}
