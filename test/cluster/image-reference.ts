/** An image's full name: `localhost/` before a name without a host, `:latest` after one without a tag. */
export function localReference(tag: string): string {
  const [first = "", ...rest] = tag.split("/");
  const hasHost = rest.length > 0 && (first === "localhost" || /[.:]/.test(first));
  const named = hasHost ? tag : `localhost/${tag}`;
  return /:[^/]+$/.test(named) ? named : `${named}:latest`;
}
