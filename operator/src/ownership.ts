/** The field manager of everything that the operator applies. */
export const fieldManager = "jobwright-operator";

/** Label on everything that the operator makes; of other Secrets, only the metadata is watched. */
export const managedBy = { "app.kubernetes.io/managed-by": "jobwright" } as const;

/** The same as a label selector. */
export const managedBySelector = "app.kubernetes.io/managed-by=jobwright";

/** What others made, as a label selector. */
export const notManagedBySelector = "app.kubernetes.io/managed-by!=jobwright";
