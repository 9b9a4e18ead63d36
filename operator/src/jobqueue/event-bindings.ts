import { bindingArgument, type EventBinding, queueNames } from "@jobwright/worker-runtime/contract";
import type { JobQueue } from "../api/objects.ts";
import { bindingMark } from "../broker/marked-bindings.ts";
import { policyName } from "../broker/topology.ts";
import { objectKey } from "../kube/index.ts";
import { Problem } from "../problem.ts";
import { type BrokerPlace, describePlace, placeOfStatus } from "./broker-place.ts";
import { resolvedName } from "./names.ts";

type StatusBindings = NonNullable<NonNullable<JobQueue["status"]>["bindings"]>;
type SpecBinding = NonNullable<JobQueue["spec"]["bindings"]>[number];

/**
 * The bindings of a JobQueue to exchanges that are not its own.
 *
 * @throws Problem BindingInvalid for what the API server cannot check: the values of arguments.
 */
export function eventBindingsOf({ spec }: JobQueue): EventBinding[] {
  return (spec.bindings ?? []).map((binding, index) => {
    const { exchange, routingKey, job } = binding;
    for (const [name, text] of Object.entries({ exchange, routingKey }))
      refuseLong(`spec.bindings[${index}].${name}`, text);
    const args = argumentsOf(binding, `spec.bindings[${index}].arguments`);
    return { exchange, routingKey, arguments: args, ...(job === undefined ? {} : { job }) };
  });
}

/** The API server counts characters, AMQP bytes. */
function refuseLong(field: string, text: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= 255) return;
  throw new Problem("Stalled", "BindingInvalid", `${field} has ${bytes} bytes: expected at most 255, as AMQP allows.`);
}

function argumentsOf({ exchange, arguments: given = {} }: SpecBinding, field: string): EventBinding["arguments"] {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const wrong = (expected: string) => {
        const found = `${field}["${name}"] (exchange "${exchange}") is ${JSON.stringify(value)}`;
        return new Problem("Stalled", "BindingInvalid", `${found}: expected ${expected}.`);
      };
      if (name === bindingMark.name) throw wrong("no argument of this name, by which Jobwright knows its own bindings");
      const parsed = bindingArgument.safeParse(value);
      if (!parsed.success) throw wrong("a string, an integer or a boolean, put in quotes what is text");
      if (name === "x-match" && !["all", "any"].includes(String(value))) {
        throw wrong('"all" or "any": headers that begin with x- are not compared');
      }
      return [name, parsed.data];
    }),
  );
}

/** What tells the bindings of one JobQueue apart. */
export function eventBindingKey({ exchange, routingKey }: Pick<EventBinding, "exchange" | "routingKey">): string {
  return JSON.stringify([exchange, routingKey]);
}

/** Bindings that the status still has and spec has no more, whose messages workers may still have to name. */
export function formerBindings({ spec, status }: JobQueue): StatusBindings {
  const now = new Set((spec.bindings ?? []).map(eventBindingKey));
  return (status?.bindings ?? []).filter((one) => one.job !== undefined && !now.has(eventBindingKey(one)));
}

/**
 * The bindings by which workers name messages; none if they would name none, so that workers need not restart for it.
 *
 * @throws Problem BindingInvalid
 */
export function bindingsThatName(jobQueue: JobQueue): EventBinding[] {
  const present = eventBindingsOf(jobQueue);
  const former = formerBindings(jobQueue).map(({ exchange, routingKey, arguments: args, job }) => ({
    ...{ exchange, routingKey, arguments: args as EventBinding["arguments"], former: true as const },
    ...(job === undefined ? {} : { job }),
  }));
  const all = [...(present.some(({ job }) => job !== undefined) ? present : []), ...former];
  return all.map(({ arguments: args = {}, ...binding }) => ({ ...binding, arguments: args }));
}

/**
 * A JobQueue must not take in its own jobs once more, nor take another's away from it, nor read those of another namespace with
 * the operator's rights.
 *
 * @param at where it is, under its resolved name.
 * @param sharesBroker it is on the operator's own broker, where other namespaces' queues are.
 * @throws Problem BindingNotAllowed
 */
export function refuseSources(
  jobQueue: JobQueue,
  at: BrokerPlace & { readonly name: string },
  others: readonly JobQueue[],
  sharesBroker: boolean,
): void {
  const own = exchangesOf(at.name);
  for (const [index, { exchange }] of (jobQueue.spec.bindings ?? []).entries()) {
    const field = `spec.bindings[${index}].exchange is "${exchange}"`;
    if (own.has(exchange)) {
      throw new Problem(
        "Stalled",
        "BindingNotAllowed",
        `${field}, which is this JobQueue's own: its jobs would go round. Name the exchange of another application; for jobs that follow jobs, bind another JobQueue to "${queueNames(at.name).outcomeExchange}".`,
      );
    }
    const owner = others.find(
      ({ metadata, status }) =>
        metadata.namespace !== jobQueue.metadata.namespace &&
        status?.queue !== undefined &&
        exchangesOf(status.queue).has(exchange),
    );
    if (sharesBroker && owner !== undefined) {
      throw new Problem(
        "Stalled",
        "BindingNotAllowed",
        `${field}, which belongs to a JobQueue of another namespace: only JobQueues of its own namespace may be bound to it. Let an application that may read both enqueue to this one.`,
      );
    }
    const robbed = others.find((other) => resolvedName(other) === exchange && mayBeAt(other, at));
    if (robbed !== undefined) {
      // With lanes, what a binding takes is not unroutable, and so does not go by the alternate exchange to the work queue.
      throw new Problem(
        "Stalled",
        "BindingNotAllowed",
        `${field}, to which the jobs of JobQueue ${objectKey(robbed)} are published: once it has lanes, it would not get those that this one takes. Have them published to an exchange that is not a JobQueue's and bind both to it; for jobs that follow jobs, bind this one to "${queueNames(exchange).outcomeExchange}".`,
      );
    }
  }
}

/**
 * The same, of exchanges whose JobQueue is gone and left them on the broker, or has made them a moment ago: by the policies that every
 * JobQueue makes first and that stay with its queues.
 *
 * @param policies the names of the vhost's.
 * @throws Problem BindingNotAllowed
 */
export function refuseLeftSources({ metadata, spec }: JobQueue, policies: Pick<ReadonlySet<string>, "has">): void {
  for (const [index, { exchange }] of (spec.bindings ?? []).entries()) {
    const isLeft = jobQueueNames(exchange).some((name) => policies.has(policyName(name)));
    if (!isLeft || exchange.startsWith(`${metadata.namespace}.`)) continue;
    throw new Problem(
      "Stalled",
      "BindingNotAllowed",
      `spec.bindings[${index}].exchange is "${exchange}", which belongs or belonged to a JobQueue of another namespace: only JobQueues of its own namespace may be bound to it. Let an application that may read both enqueue to this one.`,
    );
  }
}

/** Under which names a JobQueue may have made an exchange that is called so. */
function jobQueueNames(exchange: string): string[] {
  return [exchange, exchange.replace(/\.(dlx|outcomes|unlaned)$/, "")];
}

/** Of one that is on no broker yet it is not known: once bound, it would be too late. */
function mayBeAt(other: JobQueue, at: BrokerPlace): boolean {
  const there = placeOfStatus(other);
  return there === undefined || describePlace(there) === describePlace(at);
}

function exchangesOf(name: string): Set<string> {
  const { exchange, deadLetterExchange, outcomeExchange } = queueNames(name);
  return new Set([exchange, deadLetterExchange, outcomeExchange, `${name}.unlaned`]);
}

/** What bindings wait for. */
export interface BindingWaits {
  /** Exchanges that do not exist. */
  readonly absent: readonly string[];
  /** Those that workers cannot name messages by yet. */
  readonly held: readonly Pick<EventBinding, "exchange" | "routingKey">[];
}

interface Found {
  readonly vhost: string;
  readonly bindings?: BindingWaits;
  /** May be some seconds old. */
  readonly jobs: { readonly waiting: number; readonly running: number } | undefined;
}

/**
 * What the status says of the bindings: those of the spec, and those that are gone as long as workers may have messages of
 * theirs to name. One that has just gone stays for a pass, since counts lag.
 */
export function bindingsStatus(jobQueue: JobQueue, { bindings, jobs }: Found): StatusBindings {
  const held = new Set(bindings?.held.map(eventBindingKey));
  const present = (jobQueue.spec.bindings ?? []).map((binding) => {
    if (bindings?.absent.includes(binding.exchange)) {
      return { ...binding, waiting: "for the exchange: it does not exist" };
    }
    if (!held.has(eventBindingKey(binding))) return binding;
    return { ...binding, waiting: "for workers that know how to name its messages" };
  });
  const isEmpty = jobs !== undefined && jobs.waiting + jobs.running === 0;
  const former = formerBindings(jobQueue)
    .filter(({ removing }) => removing === undefined || !isEmpty)
    .map(({ waiting, ...binding }) => ({
      ...binding,
      removing: "it is not bound any more; workers name messages by it until no job waits or runs",
    }));
  return [...present, ...former];
}

/** Exchanges that were waited for and `came`, and what else was `changed`, in words. */
export function bindingNews(
  { status }: JobQueue,
  changes: readonly { readonly exchange: string; readonly found: string }[],
): { readonly came: string[]; readonly changed: string[] } {
  const awaited = new Set(
    (status?.bindings ?? []).filter(({ waiting }) => waiting !== undefined).map(({ exchange }) => exchange),
  );
  const came = changes.map(({ exchange }) => exchange).filter((exchange) => awaited.has(exchange));
  const changed = changes.filter(({ exchange }) => !awaited.has(exchange)).map(({ found }) => found);
  return { came: [...new Set(came)], changed };
}

/** What keeps a JobQueue from being all that was asked, and how to mend it; undefined if nothing does. */
export function bindingsWait(
  { metadata, spec }: JobQueue,
  { bindings: { absent, held } = { absent: [], held: [] }, vhost }: Found,
): { readonly reason: "BindingSourceMissing" | "BindingWaitsForWorkers"; readonly message: string } | undefined {
  const [first] = absent;
  if (first !== undefined) {
    const index = (spec.bindings ?? []).findIndex(({ exchange }) => exchange === first);
    const more = absent.length > 1 ? ` (and ${absent.length - 1} more, see status.bindings)` : "";
    return {
      reason: "BindingSourceMissing",
      message: `exchange "${first}" (spec.bindings[${index}].exchange) does not exist in vhost "${vhost}"${more}: create it, or let the application that publishes to it do so. It is bound to within 15 s then; all else of the queue works.`,
    };
  }
  if (held.length === 0) return undefined;
  const exchanges = [...new Set(held.map(({ exchange }) => `"${exchange}"`))].join(", ");
  return {
    reason: "BindingWaitsForWorkers",
    message: `bindings to ${exchanges} are made once all workers know which jobs their messages are: the WorkerPool on this queue is being rolled out (kubectl get workerpools -n ${metadata.namespace}). Bindings that are there stay until then.`,
  };
}
