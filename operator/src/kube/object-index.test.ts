import { expect, test } from "vitest";
import type { KubeObject } from "./object.ts";
import { createObjectIndex } from "./object-index.ts";

interface Tagged extends KubeObject {
  readonly tags: readonly string[];
}

const tagged = (name: string, ...tags: string[]): Tagged => ({ metadata: { name, namespace: "media" }, tags });

test("an object is found by each value that it holds now, and by none that it held", () => {
  const index = createObjectIndex<Tagged>(({ tags }) => tags);
  index.put(tagged("a", "red", "round"));
  index.put(tagged("b", "red"));
  expect(index.get("red").map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
  index.put(tagged("a", "round", "blue"));
  expect(index.get("red").map(({ metadata }) => metadata.name)).toEqual(["b"]);
  expect(index.get("blue")).toEqual([tagged("a", "round", "blue")]);
  expect(index.get("round")).toEqual([tagged("a", "round", "blue")]);
});

test("one that is gone is not found, whatever it was last", () => {
  const index = createObjectIndex<Tagged>(({ tags }) => tags);
  index.put(tagged("a", "red"));
  index.remove(tagged("a"));
  expect(index.get("red")).toEqual([]);
});
