/**
 * Argument of the bindings that we make to exchanges which are not ours. By it they are known again, whatever became of
 * the status or of the operator meanwhile, and strangers' bindings are told from them. No exchange looks at it: headers
 * exchanges pass over arguments that begin with `x-`.
 */
export const bindingMark = { name: "x-jobwright", value: "spec.bindings" } as const;

/** A binding as the management API lists it. */
export interface ListedBinding {
  readonly source: string;
  readonly destination: string;
  readonly destination_type: string;
  readonly routing_key: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** A binding that bears our mark. */
export interface MarkedBinding {
  readonly source: string;
  readonly routingKey: string;
  /** Without the mark. */
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Those that bear our mark, by the queue that they lead to. */
export function markedBindings(listed: readonly ListedBinding[]): Map<string, readonly MarkedBinding[]> {
  const marked = new Map<string, readonly MarkedBinding[]>();
  for (const one of listed) {
    const found = one.destination_type === "queue" && unmarked(one.arguments);
    if (!found) continue;
    const binding = { source: one.source, routingKey: one.routing_key, arguments: found };
    marked.set(one.destination, [...(marked.get(one.destination) ?? []), binding]);
  }
  return marked;
}

/** The arguments of a binding that bears our mark, without it; undefined for one that does not. */
export function unmarked(args: Readonly<Record<string, unknown>>): MarkedBinding["arguments"] | undefined {
  const { [bindingMark.name]: mark, ...own } = args;
  return mark === bindingMark.value ? own : undefined;
}
