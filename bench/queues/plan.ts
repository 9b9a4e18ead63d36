import { z } from "zod";
import { openBroker } from "../../operator/src/broker/index.ts";
import { type Observed, readBindingId } from "../../operator/src/broker/observe.ts";
import { addressOf, manage, type PrivateBroker } from "../../test/broker/index.ts";

const permission = z.object({ user: z.string(), configure: z.string(), write: z.string(), read: z.string() });
const topic = z.object({ user: z.string(), exchange: z.string(), write: z.string(), read: z.string() });

/** All that stands in a vhost: what is to be declared again by hand. */
export interface Plan {
  readonly exchanges: readonly { readonly name: string; readonly type: string; readonly arguments: object }[];
  readonly queues: readonly { readonly name: string; readonly arguments: object }[];
  readonly bindings: readonly Binding[];
  readonly policies: readonly (object & { readonly name: string })[];
  /** All users with permissions there but the administrator. */
  readonly permissions: readonly z.infer<typeof permission>[];
  readonly topics: readonly z.infer<typeof topic>[];
}

export interface Binding {
  readonly source: string;
  readonly destination: string;
  readonly destinationType: string;
  readonly routingKey: string;
}

/** Reads what a vhost has. */
export async function planOf(broker: PrivateBroker, vhost: string): Promise<Plan> {
  await using opened = openBroker(addressOf(broker, vhost), "bench");
  const observed = await opened.observe();
  const at = encodeURIComponent(vhost);
  const others = ({ user }: { user: string }) => user !== broker.username;
  return {
    exchanges: [...observed.exchanges.values()].filter(({ name }) => name !== "" && !name.startsWith("amq.")),
    queues: [...observed.queues.values()],
    bindings: bindingsOf(observed),
    policies: [...observed.policies.values()],
    permissions: z
      .array(permission)
      .parse(await manage(broker, "GET", `/api/vhosts/${at}/permissions`))
      .filter(others),
    topics: z
      .array(topic)
      .parse(await manage(broker, "GET", `/api/vhosts/${at}/topic-permissions`))
      .filter(others),
  };
}

/** Those that somebody declared: every queue has one of the broker's making, to the exchange without a name. */
function bindingsOf({ bindings }: Observed): Binding[] {
  return Array.from(bindings, readBindingId).filter(({ source }) => source !== "");
}
