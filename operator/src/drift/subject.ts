import {
  delayDeliveryExchange,
  delayLevel,
  delayLevels,
  delayParked,
  heartbeatExchange,
  repliesExchange,
} from "@jobwright/worker-runtime/contract";
import type { BrokerEvent } from "../broker/index.ts";

/** Whose the thing is that something happened to, as far as its name tells. */
export type Subject =
  /** A JobQueue's topology; its resolved name is one of these. */
  | { readonly kind: "Topology"; readonly names: readonly string[] }
  /** The user of a JobQueue's producer or a pool's worker: `<namespace>/<name>` of either. */
  | { readonly kind: "User"; readonly key: string }
  /** What JobQueues share: any of each namespace puts it right. */
  | { readonly kind: "Shared" }
  /** The whole vhost. */
  | { readonly kind: "Vhost" };

/** Undefined for what is none of ours, and for our own passing queues: heartbeats, wake watches, replies. */
export function subjectOf({ event, name }: BrokerEvent): Subject | undefined {
  if (event === "vhost.deleted") return { kind: "Vhost" };
  if (/^(user|permission|topic\.permission)\./.test(event)) return userSubject(name);
  if (event.startsWith("policy.")) return policySubject(name);
  if (fabric.has(name)) return { kind: "Shared" };
  return name.startsWith("jobwright.") ? undefined : topologySubject(name);
}

function userSubject(name: string): Subject | undefined {
  // Namespaces and names are DNS labels, so the first two words are exact.
  const [namespace, object, ...rest] = name.split(".");
  return object === undefined || rest.length === 0 ? undefined : { kind: "User", key: `${namespace}/${object}` };
}

function policySubject(name: string): Subject | undefined {
  const own = /^jobwright:([^/]+)/.exec(name)?.[1];
  if (own !== undefined && own !== "jobwright.delay") return topologySubject(own);
  return name.startsWith("jobwright") ? { kind: "Shared" } : undefined;
}

/** `a.b` itself, or what `a` has as its `b`: a dead-letter exchange, a lane. */
function topologySubject(name: string): Subject {
  const end = name.lastIndexOf(".");
  return { kind: "Topology", names: end > 0 ? [name, name.slice(0, end)] : [name] };
}

const fabric: ReadonlySet<string> = new Set([
  ...[heartbeatExchange, repliesExchange, delayParked, delayDeliveryExchange],
  ...Array.from({ length: delayLevels }, (_, level) => delayLevel(level)),
]);
