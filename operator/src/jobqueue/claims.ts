/** Who asks for a name. */
export interface Claimant {
  /** `<namespace>/<name>` of the JobQueue. */
  readonly key: string;
  readonly uid: string;
  /** RFC 3339. */
  readonly creationTimestamp: string;
}

/**
 * Who holds which name on which broker. Two JobQueues can ask for one name (by `spec.name`); the one that was created
 * first has it. Claims are in memory: every JobQueue claims anew in each pass, so a new leader learns them all.
 */
export interface Claims {
  /** The holder of `place` (host, vhost and name in one string) now that `claimant` asks for it too. */
  claim(place: string, claimant: Claimant): Claimant;
  /** Gives up whatever this JobQueue holds. Returns who waited for it. */
  release(uid: string): Claimant[];
}

function before(a: Claimant, b: Claimant): number {
  return a.creationTimestamp.localeCompare(b.creationTimestamp) || a.uid.localeCompare(b.uid);
}

export function createClaims(): Claims {
  const places = new Map<string, Map<string, Claimant>>();
  return {
    claim(place, claimant) {
      const claimants = places.get(place) ?? new Map<string, Claimant>();
      places.set(place, claimants.set(claimant.uid, claimant));
      return [...claimants.values()].sort(before)[0] ?? claimant;
    },
    release(uid) {
      const waiting: Claimant[] = [];
      for (const [place, claimants] of places) {
        if (!claimants.delete(uid)) continue;
        waiting.push(...claimants.values());
        if (claimants.size === 0) places.delete(place);
      }
      return waiting;
    },
  };
}
