import { expect, test } from "vitest";
import { createClaims } from "./claims.ts";

const first = { key: "media/a", uid: "1" };
const second = { key: "media/b", uid: "2" };

test("who asks first holds the name, however often another asks", () => {
  const claims = createClaims();
  expect(claims.claim("host//name", second)).toBe(second);
  expect(claims.claim("host//name", first)).toBe(second);
  expect(claims.claim("host//name", second)).toBe(second);
  expect(claims.claim("host//other", first)).toBe(first);
});

test("a lane that is there no more gives up its name, and the rest is kept", () => {
  const claims = createClaims();
  claims.claim("host//name", first);
  claims.claim("host//name.lane", first);
  claims.claim("host//name.lane", second);
  expect(claims.release(first.uid, new Set(["host//name"]))).toEqual([second]);
  expect(claims.claim("host//name", second)).toBe(first);
  expect(claims.claim("host//name.lane", first)).toBe(second);
});

test("a released name goes to who waited for it", () => {
  const claims = createClaims();
  claims.claim("host//name", first);
  claims.claim("host//name", second);
  expect(claims.release(first.uid)).toEqual([second]);
  expect(claims.claim("host//name", second)).toBe(second);
  expect(claims.claim("host//name", first)).toBe(second);
});
