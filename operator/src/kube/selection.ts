/** Which part of a collection to list or watch. */
export interface Selection {
  /** Absent: all namespaces. */
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  /** Objects come with their metadata alone: neither the wire nor this process ever holds the rest. */
  metadataOnly?: boolean | undefined;
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

/** What to ask the API server for: objects as they are, or of each its metadata alone. */
export function acceptOf({ metadataOnly }: Selection, each: "item" | "list"): string {
  const kind = each === "list" ? "PartialObjectMetadataList" : "PartialObjectMetadata";
  return metadataOnly ? `application/json;as=${kind};g=meta.k8s.io;v=v1` : "application/json";
}
