import { type Audited, isForbidden, type Use, usesOf } from "./audited.ts";

/** A rule of a Role (with its namespace) or of a ClusterRole. */
export interface Rule {
  readonly namespace?: string;
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** What a rule allows, one verb on one resource: `patch deployments.apps`, `get leases.coordination.k8s.io in jobwright`. */
interface Right {
  readonly text: string;
  readonly allows: (use: Use) => boolean;
}

function rightsOf({ namespace, apiGroups, resources, verbs, resourceNames }: Rule): Right[] {
  const of = (group: string, resource: string, verb: string): Right => ({
    text: `${verb} ${resource}${group === "" ? "" : `.${group}`}${namespace === undefined ? "" : ` in ${namespace}`}`,
    allows: (use) =>
      use.group === group &&
      use.resource === resource &&
      use.verb === verb &&
      (namespace === undefined || use.namespace === namespace) &&
      (resourceNames === undefined || (use.name !== undefined && resourceNames.includes(use.name))),
  });
  return apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => of(group, resource, verb))));
}

export interface Comparison {
  /** Rights that no request took, and for which there is no excuse. */
  readonly unused: string[];
  /** Requests that the rules do not allow, each once. What they allow is refused while the roles are being removed, and no fault of theirs. */
  readonly refused: string[];
  /** Excuses for rights that were used after all, or that no rule gives. */
  readonly idleExcuses: string[];
}

/**
 * Compares what roles allow with what their holder asked for.
 *
 * @param excuses rights that such a run cannot use, each with the reason.
 */
export function compareRights(
  rules: readonly Rule[],
  requests: readonly Audited[],
  excuses: Readonly<Record<string, string>> = {},
): Comparison {
  const uses = requests.filter((request) => !isForbidden(request)).flatMap(usesOf);
  const rights = rules.flatMap(rightsOf);
  const unused = rights.filter(({ allows }) => !uses.some(allows)).map(({ text }) => text);
  const lacking = requests.filter(
    (request) => isForbidden(request) && !usesOf(request).every((use) => rights.some(({ allows }) => allows(use))),
  );
  const refused = lacking.map(({ responseStatus, verb, objectRef }) => {
    const { resource, namespace } = objectRef ?? {};
    return responseStatus?.message ?? `${verb} ${resource} in ${namespace ?? "all namespaces"}`;
  });
  return {
    unused: unused.filter((text) => !(text in excuses)),
    refused: [...new Set(refused)],
    idleExcuses: Object.keys(excuses).filter((text) => !unused.includes(text)),
  };
}
