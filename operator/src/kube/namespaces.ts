import type { KubeObject } from "./object.ts";
import { createReflector, type Reflector, type ReflectorOptions } from "./reflector.ts";

/**
 * A copy of a collection in these namespaces only: a reflector for each, seen as one, since the API server lists one namespace
 * or all, and a Role allows no more than its own. In all of them where `namespaces` is undefined.
 */
export function reflectNamespaces<T extends KubeObject>(
  namespaces: readonly string[] | undefined,
  options: Omit<ReflectorOptions<T>, "namespace">,
): Reflector<T> {
  if (namespaces === undefined) return createReflector(options);
  const each = new Map(namespaces.map((namespace) => [namespace, createReflector({ ...options, namespace })]));
  const all = [...each.values()];
  return {
    start() {
      for (const reflector of all) reflector.start();
    },
    async stop() {
      await Promise.all(all.map((reflector) => reflector.stop()));
    },
    hasSynced: () => all.every((reflector) => reflector.hasSynced()),
    awaits: () => all.flatMap((reflector) => reflector.awaits()),
    async synced(signal) {
      await Promise.all(all.map((reflector) => reflector.synced(signal)));
    },
    get: (key) => each.get(key.split("/", 1)[0] ?? "")?.get(key),
    list: (wanted) =>
      wanted === undefined ? all.flatMap((reflector) => reflector.list()) : (each.get(wanted)?.list() ?? []),
    indexed: (value) => all.flatMap((reflector) => reflector.indexed(value)),
  };
}
