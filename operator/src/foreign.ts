import type { KubeObject } from "./kube/index.ts";
import { Problem } from "./problem.ts";

/**
 * Refuses to take over an object that is not `owner`'s: server-side apply with force would silently make it so.
 *
 * @throws Problem `<Kind>Taken`.
 */
export function refuseForeign(existing: KubeObject | undefined, kind: string, owner: KubeObject): void {
  if (existing === undefined) return;
  if (existing.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid)) return;
  const { namespace, name } = existing.metadata;
  throw new Problem(
    "Stalled",
    `${kind}Taken`,
    `${kind} ${namespace}/${name} exists and is not of ${owner.kind} ${owner.metadata.name}, which needs one of that name: delete or rename the ${kind}, or give the ${owner.kind} another name.`,
  );
}
