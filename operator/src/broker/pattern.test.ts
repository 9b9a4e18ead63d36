import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exactly } from "./pattern.ts";

// Printable ASCII: what names on a broker are made of, and every character that means something in a pattern.
const names = fc.string({
  minLength: 1,
  unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)),
});

describe("exactly", () => {
  it("matches each of its names and no other", () => {
    fc.assert(
      fc.property(fc.array(names, { minLength: 1, maxLength: 4 }), names, (wanted, other) => {
        const pattern = new RegExp(exactly(...wanted));
        expect(wanted.every((name) => pattern.test(name))).toBe(true);
        expect(pattern.test(other)).toBe(wanted.includes(other));
      }),
    );
  });

  it("does not match longer names or names that only look alike", () => {
    const pattern = new RegExp(exactly("media.image-resize"));
    for (const other of [
      "media.image-resize.dead",
      "xmedia.image-resize",
      "media-image-resize",
      "mediaximage-resize",
    ]) {
      expect(pattern.test(other)).toBe(false);
    }
  });

  it("without a name allows nothing", () => {
    expect(new RegExp(exactly()).test("anything")).toBe(false);
  });
});
