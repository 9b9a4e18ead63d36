import { bindingArgument, type EventBinding, queueNames } from "@jobwright/worker-runtime/contract";
import type { JobQueue } from "../api/objects.ts";
import { Problem } from "../problem.ts";

type SpecBinding = NonNullable<JobQueue["spec"]["bindings"]>[number];

/**
 * The bindings of a JobQueue to exchanges that are not its own.
 *
 * @throws Problem BindingInvalid for what the API server cannot check: the values of arguments.
 */
export function eventBindingsOf({ spec }: JobQueue): EventBinding[] {
  return (spec.bindings ?? []).map((binding, index) => {
    const { exchange, routingKey, job } = binding;
    const args = argumentsOf(binding, `spec.bindings[${index}].arguments`);
    return { exchange, routingKey, arguments: args, ...(job === undefined ? {} : { job }) };
  });
}

function argumentsOf({ exchange, arguments: given = {} }: SpecBinding, field: string): EventBinding["arguments"] {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const wrong = (expected: string) => {
        const found = `${field}["${name}"] (exchange "${exchange}") is ${JSON.stringify(value)}`;
        return new Problem("Stalled", "BindingInvalid", `${found}: expected ${expected}.`);
      };
      const parsed = bindingArgument.safeParse(value);
      if (!parsed.success) throw wrong("a string, an integer or a boolean, put in quotes what is text");
      if (name === "x-match" && !["all", "any"].includes(String(value))) {
        throw wrong('"all" or "any": headers that begin with x- are not compared');
      }
      return [name, parsed.data];
    }),
  );
}

/** What tells the bindings of one JobQueue apart. */
export function eventBindingKey({ exchange, routingKey }: Pick<EventBinding, "exchange" | "routingKey">): string {
  return JSON.stringify([exchange, routingKey]);
}

/** Bindings that the status still has and spec has no more, whose messages workers may still have to name. */
export function formerBindings({ spec, status }: JobQueue): NonNullable<NonNullable<JobQueue["status"]>["bindings"]> {
  const now = new Set((spec.bindings ?? []).map(eventBindingKey));
  return (status?.bindings ?? []).filter((one) => one.job !== undefined && !now.has(eventBindingKey(one)));
}

/**
 * The bindings by which workers name messages; none if they would name none, so that workers need not restart for it.
 *
 * @throws Problem BindingInvalid
 */
export function bindingsThatName(jobQueue: JobQueue): EventBinding[] {
  const present = eventBindingsOf(jobQueue);
  const former = formerBindings(jobQueue).map(({ exchange, routingKey, arguments: args, job }) => ({
    ...{ exchange, routingKey, arguments: args as EventBinding["arguments"], former: true as const },
    ...(job === undefined ? {} : { job }),
  }));
  const all = [...(present.some(({ job }) => job !== undefined) ? present : []), ...former];
  return all.map(({ arguments: args = {}, ...binding }) => ({ ...binding, arguments: args }));
}

/**
 * A JobQueue must not take in its own jobs once more, nor read those of another namespace with the operator's rights.
 *
 * @param name resolved.
 * @param sharesBroker it is on the operator's own broker, where other namespaces' queues are.
 * @throws Problem BindingNotAllowed
 */
export function refuseSources(
  jobQueue: JobQueue,
  name: string,
  others: readonly JobQueue[],
  sharesBroker: boolean,
): void {
  const own = exchangesOf(name);
  for (const [index, { exchange }] of (jobQueue.spec.bindings ?? []).entries()) {
    const field = `spec.bindings[${index}].exchange is "${exchange}"`;
    if (own.has(exchange)) {
      throw new Problem(
        "Stalled",
        "BindingNotAllowed",
        `${field}, which is this JobQueue's own: its jobs would go round. Name the exchange of another application; for jobs that follow jobs, bind another JobQueue to "${queueNames(name).outcomeExchange}".`,
      );
    }
    const owner = others.find(
      ({ metadata, status }) =>
        metadata.namespace !== jobQueue.metadata.namespace &&
        status?.queue !== undefined &&
        exchangesOf(status.queue).has(exchange),
    );
    if (sharesBroker && owner !== undefined) {
      throw new Problem(
        "Stalled",
        "BindingNotAllowed",
        `${field}, which belongs to a JobQueue of another namespace: only JobQueues of its own namespace may be bound to it. Let an application that may read both enqueue to this one.`,
      );
    }
  }
}

function exchangesOf(name: string): Set<string> {
  const { exchange, deadLetterExchange, outcomeExchange } = queueNames(name);
  return new Set([exchange, deadLetterExchange, outcomeExchange, `${name}.unlaned`]);
}
