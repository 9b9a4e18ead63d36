import { expect, test } from "vitest";
import { createUserDrift } from "./user-drift.ts";

const user = (password: string) => ({ name: "a.b.producer", password, permissions: {} });

test("a user that was as wanted and is not any more has drifted, and that is told once", () => {
  const drift = createUserDrift();
  drift.note(user("p"), ["was missing"]);
  expect(drift.take("a.b.producer")).toEqual([]);
  drift.note(user("p"), []);
  drift.note(user("p"), ["had another password or tags"]);
  expect(drift.take("a.b.worker")).toEqual([]);
  expect(drift.take("a.b.producer")).toEqual(["had another password or tags"]);
  expect(drift.take("a.b.producer")).toEqual([]);
});

test("a user that shall be another is news of ours, and so is one that is made again", () => {
  const drift = createUserDrift();
  drift.note(user("p"), ["was missing"]);
  drift.note(user("q"), ["had another password or tags"]);
  drift.forget("a.b.producer");
  drift.note(user("q"), ["was missing"]);
  expect(drift.take("a.b.producer")).toEqual([]);
});

test("users of a party that rotates belong to it, those of another name do not", () => {
  const drift = createUserDrift();
  for (const name of ["a.b.producer.web", "a.b.producers"]) {
    drift.note({ name }, []);
    drift.note({ name }, [`${name} was missing`]);
  }
  expect(drift.take("a.b.producer")).toEqual(["a.b.producer.web was missing"]);
});
