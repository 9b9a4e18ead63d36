import { microTime } from "./microtime.ts";
import type { KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";

export const leaseResource: Resource = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
};

/** Who leads, since when. Times are MicroTime strings. */
export interface Lease extends KubeObject {
  spec: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/** The holder; undefined when nobody holds it. */
export function heldBy(lease: Lease): string | undefined {
  return lease.spec.holderIdentity || undefined;
}

/** The lease as this candidate takes or renews it. */
export function taken(
  current: Lease | undefined,
  mine: { namespace: string; name: string; identity: string; leaseDurationSeconds: number },
): Lease {
  const now = microTime(new Date());
  const renewing = current !== undefined && heldBy(current) === mine.identity;
  const transitions = current?.spec.leaseTransitions ?? 0;
  return {
    metadata: current?.metadata ?? { namespace: mine.namespace, name: mine.name },
    spec: {
      holderIdentity: mine.identity,
      leaseDurationSeconds: mine.leaseDurationSeconds,
      acquireTime: (renewing && current.spec.acquireTime) || now,
      renewTime: now,
      leaseTransitions: current === undefined || renewing ? transitions : transitions + 1,
    },
  };
}

/** The lease as its holder hands it back: held by nobody, and expired within a second for candidates that look only at times. */
export function released(lease: Lease): Lease {
  const now = microTime(new Date());
  return {
    ...lease,
    spec: { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1, acquireTime: now, renewTime: now },
  };
}
