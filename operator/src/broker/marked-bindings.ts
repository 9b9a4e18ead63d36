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
  /** What tells it from others of the same source and destination, in the broker's words. */
  readonly properties_key: string;
}

/** A binding that bears our mark. */
export interface MarkedBinding {
  readonly source: string;
  readonly routingKey: string;
  /** Without the mark. */
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly propertiesKey: string;
}

/** Those that bear our mark, by the queue that they lead to. */
export function markedBindings(listed: readonly ListedBinding[]): Map<string, MarkedBinding[]> {
  const marked = new Map<string, MarkedBinding[]>();
  for (const one of listed) {
    const { [bindingMark.name]: mark, ...args } = one.arguments;
    if (mark !== bindingMark.value || one.destination_type !== "queue") continue;
    const found = {
      ...{ source: one.source, routingKey: one.routing_key },
      ...{ arguments: args, propertiesKey: one.properties_key },
    };
    marked.set(one.destination, [...(marked.get(one.destination) ?? []), found]);
  }
  return marked;
}
