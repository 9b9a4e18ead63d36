import { z } from "zod";

/** A value in a binding's arguments, as headers exchanges compare them. */
export const bindingArgument = z.union([z.string(), z.int(), z.boolean()]);

/** A binding of the work queue to an exchange that is none of the JobQueue's own: its messages become jobs. */
export const eventBinding = z.object({
  exchange: z.string().min(1),
  routingKey: z.string().default(""),
  /** What a headers exchange compares messages' headers with. */
  arguments: z.record(z.string(), bindingArgument).default({}),
  /** Which job a message is that carries no `type`. Absent: the one that its routing key names. */
  job: z.string().min(1).optional(),
  /** It is bound no more, and named for what it brought before. No worker is restarted for it. */
  former: z.literal(true).optional(),
});
export type EventBinding = z.infer<typeof eventBinding>;

/** Where a message came from, as a delivery tells it. */
export interface MessageOrigin {
  /** The exchange that it was published to, which need not be the one that the queue is bound to. */
  readonly exchange: string;
  readonly routingKey: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** The job that the bindings name for a message without a `type`; undefined if they name none. */
export type EventNaming = (origin: MessageOrigin) => string | undefined;

/**
 * How messages are named that come to the JobQueue `queue` by these bindings. A delivery does not tell by which binding
 * it came, so each is matched as the broker matches it: by its arguments if it has any, else by its key as a topic
 * exchange's. The first in the list's order counts. One without key and arguments takes what no other matches: so a
 * fanout exchange's is written, whose messages may have any key.
 *
 * A message whose exchange has no binding came through an exchange that is bound to one that has: then all are looked
 * at. What was published to the JobQueue itself is never named so.
 */
export function eventNaming(queue: string, bindings: readonly EventBinding[]): EventNaming {
  const isOurs = (exchange: string) => exchange === "" || exchange === queue || exchange.startsWith("jobwright.");
  return (origin) => {
    if (bindings.length === 0 || isOurs(origin.exchange)) return undefined;
    const direct = bindings.filter(({ exchange }) => exchange === origin.exchange);
    const candidates = direct.length > 0 ? direct : bindings;
    return (candidates.find((one) => matches(one, origin)) ?? candidates.find(takesAnything))?.job;
  };
}

function takesAnything({ routingKey, arguments: args }: EventBinding): boolean {
  return routingKey === "" && compared(args).length === 0;
}

function matches({ routingKey, arguments: args }: EventBinding, origin: MessageOrigin): boolean {
  const asked = compared(args);
  if (asked.length === 0) return matchesTopic(routingKey.split("."), origin.routingKey.split("."));
  const has = ([name, value]: [string, unknown]) => origin.headers[name] === value;
  return args["x-match"] === "any" ? asked.some(has) : asked.every(has);
}

/** Arguments that begin with `x-` say how to compare, and are not compared themselves. */
function compared(args: EventBinding["arguments"]): [string, unknown][] {
  return Object.entries(args).filter(([name]) => !name.startsWith("x-"));
}

/** As topic exchanges do it: `*` is one word, `#` any number of words. A key that has neither is compared as it is. */
function matchesTopic(pattern: readonly string[], words: readonly string[]): boolean {
  // Which prefixes of the key the pattern so far can stand for: linear in both, whatever the number of `#`.
  let reachable = new Set([0]);
  for (const part of pattern) {
    const next = new Set<number>();
    for (const at of reachable) {
      if (part === "#") for (let end = at; end <= words.length; end += 1) next.add(end);
      else if (at < words.length && (part === "*" || part === words[at])) next.add(at + 1);
    }
    reachable = next;
  }
  return reachable.has(words.length);
}
