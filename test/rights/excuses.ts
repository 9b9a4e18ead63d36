const ownersFinalizers =
  "checked within other requests: the API server asks for it when the pool's Deployment names the pool as an owner that blocks deletion, and refuses the Deployment without it";

/** Rights that show in no audit log, and why the operator needs them all the same. */
export const excuses: Readonly<Record<string, string>> = {
  "get jobqueues.jobwright.dev":
    "read once more only where a write of the finalizers or the status meets somebody else's at the same moment",
  "update jobqueues/finalizers.jobwright.dev": ownersFinalizers,
  "update workerpools/finalizers.jobwright.dev": ownersFinalizers,
};
