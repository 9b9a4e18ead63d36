import fc from "fast-check";
import { expect, test } from "vitest";
import { replacingPatch } from "./status.ts";

type Json = Parameters<typeof replacingPatch>[1];

/** RFC 7386, as the API server does it. */
function mergePatch(target: Json | undefined, patch: Json): Json {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) {
    return patch;
  }
  const result: { [key: string]: Json } =
    typeof target === "object" && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) {
      delete result[key];
    } else {
      result[key] = mergePatch(result[key], value);
    }
  }
  return result;
}

test("lists are replaced as a whole, and fields that are gone are removed", () => {
  expect(replacingPatch({ a: 1, b: { c: 1, d: 2 }, l: [1, 2] }, { b: { d: 2 }, l: [3] })).toEqual({
    a: null,
    b: { c: null, d: 2 },
    l: [3],
  });
});

test("property: the patch turns any status into the wanted one", () => {
  const leaf = fc.oneof(fc.integer(), fc.string(), fc.boolean());
  const key = fc.constantFrom("a", "b", "c", "d");
  const inner = fc.dictionary(key, fc.oneof(leaf, fc.array(leaf, { maxLength: 3 })));
  const status = fc.dictionary(
    key,
    fc.oneof(leaf, inner, fc.array(inner, { maxLength: 2 }), fc.dictionary(key, inner)),
  );
  fc.assert(
    fc.property(status, status, (before, after) => {
      expect(mergePatch(before, replacingPatch(before, after))).toEqual({ ...after });
    }),
  );
});
