import { delayDeliveryExchange } from "@jobwright/worker-runtime/contract";
import type { Broker } from "./broker.ts";
import { desiredDelayFabric } from "./delay-fabric.ts";
import { type Difference, diff } from "./diff.ts";
import type { BrokerFeatures } from "./features.ts";
import { hasArguments, workArguments } from "./fixed-arguments.ts";
import { nothingObserved, type Observed } from "./observe.ts";
import { repair } from "./repair.ts";
import { sharedPolicies, withoutExceptions } from "./shared-policies.ts";
import { territoryOf } from "./territory.ts";

/** By listing, and what of it is shared: JobQueues that look at one listing put the same thing right once. */
const repairs = new WeakMap<Observed, Map<string, Promise<void>>>();

/**
 * Makes the broker have what a JobQueue shares with others: with all of its vhost the delay fabric, and with those of its
 * territory their policies. They are there when this is over, whoever put them right.
 *
 * @returns what somebody had changed, for the first that looks at this listing; nothing for the others, or where it is new.
 */
export async function ensureShared(broker: Broker, name: string, observed: Observed, features: BrokerFeatures) {
  const fabric = await once("", async () => {
    const found = diff(desiredDelayFabric(features), observed);
    // A fabric without its heart is new in this vhost, and no news of this JobQueue.
    const isNewFabric = !observed.exchanges.has(delayDeliveryExchange);
    await put(broker, found);
    return isNewFabric ? [] : found;
  });
  const territory = territoryOf(name);
  if (territory === undefined) return fabric;
  const policies = await once(territory, async () => {
    const found = sharedPoliciesToPut(territory, features, observed);
    const news = isNew(territory, observed) ? [] : found.filter((difference) => isNews(difference, observed));
    await put(broker, found);
    return news;
  });
  return [...fabric, ...policies];

  async function once(what: string, work: () => Promise<Difference[]>): Promise<string[]> {
    const ofListing = repairs.get(observed) ?? new Map<string, Promise<void>>();
    repairs.set(observed, ofListing);
    const already = ofListing.get(what);
    if (already !== undefined) {
      await already;
      return [];
    }
    const mine = work();
    const over = mine.then(() => {});
    // Whoever comes later hears of it, and if nobody does, this JobQueue did.
    over.catch(() => {});
    ofListing.set(what, over);
    return (await mine).map(({ found }) => found);
  }
}

function sharedPoliciesToPut(territory: string, features: BrokerFeatures, observed: Observed): Difference[] {
  const policies = sharedPolicies(territory, features, observed);
  return diff({ exchanges: [], queues: [], bindings: [], policies }, observed);
}

async function put(broker: Broker, differences: readonly Difference[]): Promise<void> {
  if (differences.length > 0) await repair(broker, differences);
}

/** That strangers' queues come and go, and are excepted or not, is no drift. */
function isNews({ kind, desired }: Difference, { policies }: Observed): boolean {
  const found = kind === "policy" ? policies.get(desired.name) : undefined;
  if (kind !== "policy" || found === undefined) return true;
  const wanted = { ...desired, pattern: withoutExceptions(desired.pattern) };
  const changed = new Map([[found.name, { ...found, pattern: withoutExceptions(found.pattern) }]]);
  const only = { exchanges: [], queues: [], bindings: [], policies: [wanted] };
  return diff(only, { ...nothingObserved, policies: changed }).length > 0;
}

/** Whether no queue there has been made by us. */
function isNew(territory: string, { queues }: Observed): boolean {
  for (const { name, arguments: args } of queues.values()) {
    if (territoryOf(name) === territory && hasArguments(args, workArguments(name))) return false;
  }
  return true;
}
