import { expect, test } from "vitest";
import { createUserDrift } from "./user-drift.ts";

const user = (password: string) => ({ name: "a.b.producer", password, permissions: {} });

test("a user that was as wanted and is not any more has drifted, and that is told once", () => {
  const drift = createUserDrift();
  drift.note(user("p"), ["was missing"]);
  expect(drift.take(["a.b.producer"])).toEqual([]);
  drift.note(user("p"), []);
  drift.note(user("p"), ["had another password or tags"]);
  expect(drift.take(["a.b.worker"])).toEqual([]);
  expect(drift.take(["a.b.producer"])).toEqual(["had another password or tags"]);
  expect(drift.take(["a.b.producer"])).toEqual([]);
});

test("a user that shall be another is news of ours, and so is one that is made again", () => {
  const drift = createUserDrift();
  drift.note(user("p"), ["was missing"]);
  drift.note(user("q"), ["had another password or tags"]);
  drift.forget("a.b.producer");
  drift.note(user("q"), ["was missing"]);
  expect(drift.take(["a.b.producer"])).toEqual([]);
});

test("a party is told of all its users, that of its latest rotation included, and of no other's", () => {
  const drift = createUserDrift();
  for (const name of ["a.b.producer", "a.b.producer_2", "a.b.producers"]) {
    drift.note({ name }, []);
    drift.note({ name }, [`${name} was missing`]);
  }
  const found = ["a.b.producer was missing", "a.b.producer_2 was missing"];
  expect(drift.take(["a.b.producer", "a.b.producer_2"])).toEqual(found);
});
