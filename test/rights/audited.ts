/** One request, as the API server's audit log tells of it (audit.k8s.io/v1), as far as this looks. */
export interface Audited {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number; readonly message?: string };
  readonly requestReceivedTimestamp: string;
  /** `authorization.k8s.io/decision` says allow or forbid. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A right that a request takes. */
export interface Use {
  readonly group: string;
  /** With its subresource: `jobqueues/status`. */
  readonly resource: string;
  readonly verb: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

/** The rights that a request took: a patch that made its object (server-side apply does) takes the right to create, too. */
export function usesOf({ verb, objectRef, responseStatus }: Audited): Use[] {
  if (objectRef?.resource === undefined) return [];
  const { apiGroup = "", subresource, namespace, name } = objectRef;
  const resource = subresource === undefined ? objectRef.resource : `${objectRef.resource}/${subresource}`;
  const use = { group: apiGroup, resource, namespace, name };
  const made = verb === "patch" && responseStatus?.code === 201;
  return [{ ...use, verb }, ...(made ? [{ ...use, verb: "create" }] : [])];
}

/** Whether the roles did not allow it. A 403 of another cause (a namespace that is being deleted) is none. */
export function isForbidden({ annotations }: Audited): boolean {
  return annotations?.["authorization.k8s.io/decision"] === "forbid";
}
