import type { Secret } from "./credentials/secret-data.ts";
import { configMaps, secrets } from "./kinds.ts";
import {
  createCachedReads,
  type KubeClient,
  type KubeObject,
  type Logger,
  objectKey,
  type Reflector,
  reflectNamespaces,
} from "./kube/index.ts";
import { managedBySelector, notManagedBySelector } from "./ownership.ts";

/** The Secrets and ConfigMaps that passes make, kept at hand, and of Secrets that others make nothing but the metadata. */
export interface Provisions {
  /** Answers `get` of these from what is kept, where the API server need not be asked. */
  readonly client: KubeClient;
  readonly reflectors: readonly Reflector<KubeObject>[];
  /** The newest resourceVersion of a Secret that others made; undefined for one that is not there. */
  versionOfOthers(key: string): string | undefined;
}

export function watchProvisions(options: {
  readonly client: KubeClient;
  readonly namespaces: readonly string[] | undefined;
  readonly log: Logger;
  /** Told of what became of what passes made, but not of what they just wrote themselves. */
  onChange(child: KubeObject): void;
  /** Told of each change of a Secret that others made. */
  onOthersSecret(key: string, namespace: string | undefined): void;
}): Provisions {
  const { client, namespaces, log, onChange, onOthersSecret } = options;
  const managed = { client, labelSelector: managedBySelector, log };
  const ownSecrets = reflectNamespaces<Secret>(namespaces, {
    ...managed,
    resource: secrets,
    onChange(secret) {
      if (!reads.seen(secrets, secret)) onChange(secret);
    },
  });
  const ownConfigMaps = reflectNamespaces<KubeObject>(namespaces, {
    ...managed,
    resource: configMaps,
    onChange(configMap) {
      if (!reads.seen(configMaps, configMap)) onChange(configMap);
    },
  });
  const othersSecrets = reflectNamespaces<KubeObject>(namespaces, {
    ...{ client, log },
    resource: secrets,
    labelSelector: notManagedBySelector,
    metadataOnly: true,
    onChange(secret) {
      // All JobQueues have a pass at the start anyway.
      if (othersSecrets.hasSynced()) onOthersSecret(objectKey(secret), secret.metadata.namespace);
    },
  });
  const reads = createCachedReads(client, (resource) => {
    if (resource === secrets) return { get: ownSecrets.get, lacks: isNoSecretAtAll };
    return resource === configMaps ? ownConfigMaps : undefined;
  });

  /** All Secrets are watched, one way or the other. */
  function isNoSecretAtAll(key: string): boolean {
    return [ownSecrets, othersSecrets].every((each) => each.hasSynced() && each.get(key) === undefined);
  }

  return {
    client: reads.client,
    reflectors: [ownSecrets, othersSecrets, ownConfigMaps],
    versionOfOthers: (key) => othersSecrets.get(key)?.metadata.resourceVersion,
  };
}
