import { type KubeObject, objectKey } from "./object.ts";

/** Finds objects by values that they hold, without a look at all of them. */
export interface ObjectIndex<T extends KubeObject> {
  /** Enters an object as it is now; whatever it was entered by before is forgotten. */
  put(object: T): void;
  remove(object: T): void;
  /** Those that hold the value, in the order in which they came to. */
  get(value: string): T[];
}

/** @param valuesOf what an object is found by. */
export function createObjectIndex<T extends KubeObject>(valuesOf: (object: T) => readonly string[]): ObjectIndex<T> {
  const byValue = new Map<string, Map<string, T>>();
  const valuesByKey = new Map<string, ReadonlySet<string>>();

  function leave(key: string, value: string): void {
    const holders = byValue.get(value);
    if (holders?.delete(key) && holders.size === 0) byValue.delete(value);
  }

  return {
    put(object) {
      const key = objectKey(object);
      const values = new Set(valuesOf(object));
      for (const value of valuesByKey.get(key) ?? []) if (!values.has(value)) leave(key, value);
      for (const value of values) byValue.set(value, (byValue.get(value) ?? new Map<string, T>()).set(key, object));
      if (values.size > 0) valuesByKey.set(key, values);
      else valuesByKey.delete(key);
    },
    remove(object) {
      const key = objectKey(object);
      for (const value of valuesByKey.get(key) ?? []) leave(key, value);
      valuesByKey.delete(key);
    },
    get: (value) => [...(byValue.get(value)?.values() ?? [])],
  };
}
