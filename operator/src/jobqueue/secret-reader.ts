import type { Secret } from "../credentials/secret-data.ts";
import { secrets } from "../kinds.ts";
import type { KubeClient } from "../kube/index.ts";

/** How long a Secret is remembered that nobody watches: all JobQueues that are looked at together read it once. */
const maxAgeMs = 5_000;

/**
 * Reads a Secret, or a copy that is still what the API server has as far as the watch tells; where there is no watch, one
 * at most 5 s old. A Secret that does not exist is looked for again each time.
 */
export type SecretReader = (namespace: string, name: string) => Promise<Secret | undefined>;

/** What a watch knows of Secrets without holding what is in them. */
export interface SecretVersions {
  /** Whether Secrets of this namespace are watched. */
  covers(namespace: string): boolean;
  /** The newest resourceVersion that was seen; undefined for one that is not there or not watched. */
  versionOf(key: string): string | undefined;
}

export function createSecretReader(client: Pick<KubeClient, "get">, versions?: SecretVersions): SecretReader {
  interface Kept {
    readonly since: number;
    readonly version: string | undefined;
    readonly secret: Promise<Secret | undefined>;
  }
  const kept = new Map<string, Kept>();

  function isGood(entry: Kept, namespace: string, version: string | undefined): boolean {
    if (versions?.covers(namespace) && entry.version !== version) return false;
    return version !== undefined || Date.now() - entry.since < maxAgeMs;
  }

  return async (namespace, name) => {
    const key = `${namespace}/${name}`;
    const version = versions?.versionOf(key);
    let entry = kept.get(key);
    if (entry === undefined || !isGood(entry, namespace, version)) {
      // Of what the watch knew when it was asked for: what comes back may be newer, and is then read once more.
      entry = { since: Date.now(), version, secret: client.get<Secret>(secrets, name, namespace) };
      kept.set(key, entry);
    }
    try {
      const secret = await entry.secret;
      if (secret === undefined) kept.delete(key);
      return secret;
    } catch (error) {
      kept.delete(key);
      throw error;
    }
  };
}
