import type { BrokerAddress } from "./address.ts";
import { type Broker, openBroker } from "./broker.ts";

/** One open {@link Broker} for each address, shared by all who ask for it. */
export interface BrokerPool extends AsyncDisposable {
  /** The broker at this address, opened when first asked for. Another password is another address. */
  get(address: BrokerAddress): Broker;
  /** Those that are open, in the order in which they were opened. */
  list(): Broker[];
  /** Closes every broker whose address is not among these: a JobQueue went, or its password changed. */
  keepOnly(addresses: Iterable<BrokerAddress>): Promise<void>;
}

/** `name` and `onCall`: see {@link openBroker}. */
export function createBrokerPool(name: string, onCall?: (method: string) => void): BrokerPool {
  const brokers = new Map<string, Broker>();
  async function keepOnly(addresses: Iterable<BrokerAddress>): Promise<void> {
    const wanted = new Set(Array.from(addresses, key));
    const unwanted = [...brokers].filter(([id]) => !wanted.has(id));
    for (const [id] of unwanted) brokers.delete(id);
    await Promise.all(unwanted.map(([, broker]) => broker[Symbol.asyncDispose]()));
  }
  return {
    get(address) {
      const id = key(address);
      const broker = brokers.get(id) ?? openBroker(address, name, onCall);
      brokers.set(id, broker);
      return broker;
    },
    list: () => [...brokers.values()],
    keepOnly,
    [Symbol.asyncDispose]: () => keepOnly([]),
  };
}

function key(address: BrokerAddress): string {
  const { host, port, tls, ca, username, password, vhost, managementUrl } = address;
  return JSON.stringify([host, port, tls, ca, username, password, vhost, managementUrl]);
}
