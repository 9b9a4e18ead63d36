/** Who asks for a name. */
export interface Claimant {
  /** `<namespace>/<name>` of the JobQueue. */
  readonly key: string;
  readonly uid: string;
}

/**
 * Who holds which name on which broker. Two JobQueues can ask for one name (by `spec.name`); the one that asked first
 * has it until it gives it up. Claims are in memory, so after a start they are to be made first for those that are on the broker.
 */
export interface Claims {
  /** The holder of `place` (host, vhost and name in one string) now that `claimant` asks for it too. */
  claim(place: string, claimant: Claimant): Claimant;
  /** Gives up what this JobQueue holds or waits for, but for what it `keeps`. Returns who waits for what it gives up. */
  release(uid: string, keeps?: ReadonlySet<string>): Claimant[];
}

export function createClaims(): Claims {
  /** In the order of asking: the first holds, the others wait. */
  const places = new Map<string, Map<string, Claimant>>();
  /** By uid: what it holds or waits for. */
  const asked = new Map<string, Set<string>>();
  return {
    claim(place, claimant) {
      const claimants = places.get(place) ?? new Map<string, Claimant>();
      places.set(place, claimants.set(claimant.uid, claimant));
      asked.set(claimant.uid, (asked.get(claimant.uid) ?? new Set<string>()).add(place));
      const [holder = claimant] = claimants.values();
      return holder;
    },
    release(uid, keeps) {
      const waiting: Claimant[] = [];
      const mine = asked.get(uid) ?? new Set<string>();
      for (const place of mine) {
        if (keeps?.has(place)) continue;
        mine.delete(place);
        const claimants = places.get(place);
        claimants?.delete(uid);
        waiting.push(...(claimants?.values() ?? []));
        if (claimants?.size === 0) places.delete(place);
      }
      if (mine.size === 0) asked.delete(uid);
      return waiting;
    },
  };
}
