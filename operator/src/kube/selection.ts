/** Which part of a collection to list or watch. */
export interface Selection {
  /** Absent: all namespaces. */
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
}

/** The selectors as query parameters; the namespace is part of the path. */
export function selectionQuery({ labelSelector, fieldSelector }: Selection): URLSearchParams {
  const query = new URLSearchParams();
  if (labelSelector) {
    query.set("labelSelector", labelSelector);
  }
  if (fieldSelector) {
    query.set("fieldSelector", fieldSelector);
  }
  return query;
}
