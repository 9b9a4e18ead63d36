import type { Secret } from "../credentials/secret-data.ts";
import { secrets } from "../kinds.ts";
import type { KubeClient } from "../kube/index.ts";

/** How long a broker's Secret is remembered: all JobQueues that are looked at together read it once. */
const maxAgeMs = 5_000;

/** Reads a Secret, or a copy of it at most 5 s old. One that does not exist is looked for again each time. */
export type SecretReader = (namespace: string, name: string) => Promise<Secret | undefined>;

export function createSecretReader(client: Pick<KubeClient, "get">): SecretReader {
  const kept = new Map<string, { readonly since: number; readonly secret: Promise<Secret | undefined> }>();
  return async (namespace, name) => {
    const key = `${namespace}/${name}`;
    let entry = kept.get(key);
    if (entry === undefined || Date.now() - entry.since >= maxAgeMs) {
      entry = { since: Date.now(), secret: client.get<Secret>(secrets, name, namespace) };
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
