/** The field manager of everything that the operator applies. */
export const fieldManager = "jobwright-operator";

/** Label on everything that the operator makes; of Secrets, only those that carry it are watched. */
export const managedBy = { "app.kubernetes.io/managed-by": "jobwright" } as const;

/** The same as a label selector. */
export const managedBySelector = "app.kubernetes.io/managed-by=jobwright";
