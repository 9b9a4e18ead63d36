import { expect, test } from "vitest";
import { createClaims } from "./claims.ts";

const older = { key: "media/a", uid: "1", creationTimestamp: "2026-01-01T00:00:00Z" };
const younger = { key: "media/b", uid: "2", creationTimestamp: "2026-01-02T00:00:00Z" };

test("the JobQueue that was created first holds the name, whichever asks first", () => {
  const claims = createClaims();
  expect(claims.claim("host//name", younger)).toBe(younger);
  expect(claims.claim("host//name", older)).toBe(older);
  expect(claims.claim("host//name", younger)).toBe(older);
  expect(claims.claim("host//other", younger)).toBe(younger);
});

test("a released name goes to who waited for it", () => {
  const claims = createClaims();
  claims.claim("host//name", older);
  claims.claim("host//name", younger);
  expect(claims.release(older.uid)).toEqual([younger]);
  expect(claims.claim("host//name", younger)).toBe(younger);
});
