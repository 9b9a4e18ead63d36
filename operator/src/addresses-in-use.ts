import type { BrokerAddress } from "./broker/index.ts";

/** Which brokers the objects use, so that one that nobody uses any more is closed. */
export interface AddressesInUse {
  /**
   * Notes the object's broker; undefined: it uses none any more.
   *
   * @returns whether the addresses in use are others now than before.
   */
  note(uid: string, address: BrokerAddress | undefined): boolean;
  /** Each address once, however many objects use it. */
  list(): BrokerAddress[];
  /** The object's own. */
  of(uid: string): BrokerAddress | undefined;
}

export function createAddressesInUse(): AddressesInUse {
  const keys = new Map<string, string>();
  const inUse = new Map<string, { readonly address: BrokerAddress; users: number }>();

  function release(key: string): boolean {
    const entry = inUse.get(key);
    if (entry === undefined) return false;
    entry.users -= 1;
    return entry.users === 0 && inUse.delete(key);
  }

  function use(key: string, address: BrokerAddress): boolean {
    const entry = inUse.get(key);
    if (entry === undefined) inUse.set(key, { address, users: 1 });
    else entry.users += 1;
    return entry === undefined;
  }

  return {
    note(uid, address) {
      const before = keys.get(uid);
      const key = address && JSON.stringify(address);
      if (key === before) return false;
      const begun = address !== undefined && key !== undefined && use(key, address);
      const ended = before !== undefined && release(before);
      if (key === undefined) keys.delete(uid);
      else keys.set(uid, key);
      return begun || ended;
    },
    list: () => [...inUse.values()].map(({ address }) => address),
    of: (uid) => inUse.get(keys.get(uid) ?? "")?.address,
  };
}
