import { delayBindingKey, delayDeliveryExchange, delayLevel, delayParked } from "@jobwright/worker-runtime/contract";
import type { Random } from "./random.ts";

/** Exchange of strangers, in the vhost from the start, that `spec.bindings` may name. */
export const eventsExchange = "shop-events";

/** What the sequence edits of a JobQueue's spec. */
export interface Spec {
  readonly lanes?: readonly { readonly name: string; readonly weight?: number }[];
  readonly limits?: { readonly maxLength?: number; readonly maxLengthBytes?: number; readonly messageTTL?: string };
  readonly bindings?: readonly { readonly exchange: string; readonly routingKey: string; readonly job?: string }[];
  readonly deliveryLimit?: number;
  readonly deadLetter?: { readonly retention?: string; readonly maxLength?: number };
  readonly rateLimit?: { readonly jobs: number };
  readonly outcomes?: string;
  readonly paused?: boolean;
  readonly access?: { readonly producers: readonly { readonly name: string }[] };
}

/** A thing of the vhost, as the management API's path names it after the vhost. */
export type Path = readonly string[];

/** One thing that happens. `afterMs`: how long after the one before. */
export type Step = { readonly afterMs: number } & (
  | { readonly do: "edit"; readonly spec: Spec }
  /** The edit is under way, or not even seen, when the operator dies. */
  | { readonly do: "edit and crash"; readonly spec: Spec; readonly crashAfterMs: number; readonly downMs: number }
  | { readonly do: "crash operator"; readonly downMs: number }
  | { readonly do: "restart broker"; readonly kill: boolean; readonly downMs: number; readonly spec?: Spec }
  | { readonly do: "delete"; readonly path: Path }
  /** Emptied before, so that no job is lost with it: see traffic.ts. */
  | { readonly do: "delete queue"; readonly queue: string }
  | { readonly do: "alter policy"; readonly policy: string }
  | { readonly do: "delete user"; readonly user: string }
  | { readonly do: "alter permissions"; readonly user: string }
);

const laneNames = ["fast", "bulk", "slow"];

/**
 * A random sequence: what a team, an operator of brokers and bad luck do to a JobQueue. Nothing of it asks for a job to be dropped.
 *
 * @param name resolved name of the JobQueue.
 */
export function randomSteps(random: Random, count: number, name: string, policies: readonly string[]): Step[] {
  const steps: Step[] = [];
  let spec: Spec = {};
  for (let index = 0; index < count; index += 1) {
    const step = randomStep(random, spec, name, policies);
    if ("spec" in step && step.spec) spec = step.spec;
    steps.push(step);
  }
  return steps;
}

function randomStep(random: Random, spec: Spec, name: string, policies: readonly string[]): Step {
  const afterMs = random.pick([0, 50, 300, 1_500, 3_000]);
  const downMs = random.pick([0, 500, 3_000]);
  const dice = random.int(1, 100);
  if (dice <= 34) return { afterMs, do: "edit", spec: edited(random, spec) };
  if (dice <= 46) {
    return { afterMs, do: "edit and crash", spec: edited(random, spec), crashAfterMs: random.int(0, 400), downMs };
  }
  if (dice <= 52) return { afterMs, do: "crash operator", downMs };
  if (dice <= 57) {
    const edit = random.chance(0.5) ? { spec: edited(random, spec) } : {};
    return { afterMs, do: "restart broker", kill: random.chance(0.7), downMs, ...edit };
  }
  if (dice <= 78) return { afterMs, do: "delete", path: random.pick(deletable(name, policies)) };
  if (dice <= 86) {
    const queues = [name, `${name}.dead`, `${name}.returns`, ...laneNames.map((lane) => `${name}.${lane}`)];
    return { afterMs, do: "delete queue", queue: random.pick(queues) };
  }
  if (dice <= 92) return { afterMs, do: "alter policy", policy: random.pick(policies) };
  const user = `${name}.producer`;
  return { afterMs, do: random.chance(0.5) ? "delete user" : "alter permissions", user };
}

/** One field is changed, or taken away. */
function edited(random: Random, before: Spec): Spec {
  const { ...spec } = before;
  const field = random.pick([
    ...(["lanes", "lanes", "lanes", "limits", "limits", "bindings", "bindings"] as const),
    ...(["deliveryLimit", "deadLetter", "rateLimit", "outcomes", "paused", "access"] as const),
  ]);
  delete (spec as Record<string, unknown>)[field];
  if (field in before && field !== "lanes" && random.chance(0.5)) return spec;
  switch (field) {
    case "lanes": {
      const lanes = random.some(laneNames).map((name) => ({ name, weight: random.int(1, 5) }));
      return lanes.length === 0 ? spec : { ...spec, lanes };
    }
    case "limits":
      return {
        ...spec,
        limits: random.pick([
          { maxLength: random.int(5, 300) },
          { maxLengthBytes: random.int(2_000, 20_000) },
          { messageTTL: random.pick(["1h", "2h"]) },
          { maxLength: 50, messageTTL: "1h" },
        ]),
      };
    case "bindings": {
      const keys = random.some(["order.#", "user.created", "*.cancelled"]);
      const bindings = keys.map((routingKey) => ({ exchange: eventsExchange, routingKey, job: "event" }));
      return bindings.length === 0 ? spec : { ...spec, bindings };
    }
    case "deliveryLimit":
      return { ...spec, deliveryLimit: random.int(1, 50) };
    case "deadLetter":
      return { ...spec, deadLetter: random.pick([{ retention: "24h" }, { retention: "48h", maxLength: 100_000 }]) };
    case "rateLimit":
      return { ...spec, rateLimit: { jobs: random.int(1, 100) } };
    case "outcomes":
      return { ...spec, outcomes: random.pick(["Failures", "All"]) };
    case "paused":
      return { ...spec, paused: true };
    case "access":
      return { ...spec, access: { producers: random.some(["web", "app"]).map((name) => ({ name })) } };
  }
}

/**
 * What may go without a job being lost: no queue, and no level of the delay fabric that jobs are on, since a level whose jobs
 * find no exchange tries again after three minutes only.
 */
function deletable(name: string, policies: readonly string[]): Path[] {
  const toQueue = (source: string, queue: string, key: string) => ["bindings", "e", source, "q", queue, key];
  return [
    ...[name, name, `${name}.dlx`, `${name}.outcomes`, `${name}.unlaned`].map((exchange) => ["exchanges", exchange]),
    ...[delayLevel(6), delayLevel(27), delayDeliveryExchange].slice(0, 2).map((exchange) => ["exchanges", exchange]),
    ...[delayLevel(8), delayLevel(20)].map((queue) => ["queues", queue]),
    toQueue(name, name, "#"),
    toQueue(`${name}.dlx`, `${name}.dead`, "~"),
    toQueue(`${name}.unlaned`, name, "~"),
    toQueue(delayDeliveryExchange, name, delayBindingKey(name)),
    toQueue(delayDeliveryExchange, `${name}.returns`, delayBindingKey(name)),
    toQueue(delayParked, delayParked, "~").with(0, "bindings"),
    ...laneNames.map((lane) => toQueue(name, `${name}.${lane}`, `lane.${lane}.*`)),
    ...laneNames.map((lane) => toQueue(delayDeliveryExchange, `${name}.${lane}`, delayBindingKey(`${name}.${lane}`))),
    toQueue(eventsExchange, name, "order.#"),
    ...policies.map((policy) => ["policies", policy]),
  ];
}
