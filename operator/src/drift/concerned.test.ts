import { expect, test } from "vitest";
import { concernedBy, type Place } from "./concerned.ts";

const place = (namespace: string, name: string, vhost = "v"): Place => ({
  key: `${namespace}/${name}`,
  namespace,
  vhost,
  queue: `${namespace}.${name}`,
});
const places = [place("a", "one"), place("a", "two"), place("b", "one"), place("c", "one", "w")];
const inV = { vhost: "v" };

test("a queue that was deleted concerns its JobQueue, and a lane's that of the lane", () => {
  const names = ["a.two.fast", "a.two"];
  expect(concernedBy([{ ...inV, subject: { kind: "Topology", names } }], places).queues).toEqual(new Set(["a/two"]));
});

test("a name that the JobQueue has itself goes before one that it would have as another's lane", () => {
  const both = [place("a", "one"), { ...place("a", "one.fast"), key: "a/fast" }];
  const names = ["a.one.fast", "a.one"];
  expect(concernedBy([{ ...inV, subject: { kind: "Topology", names } }], both).queues).toEqual(new Set(["a/fast"]));
});

test("what is shared concerns one JobQueue of each namespace in the vhost", () => {
  expect(concernedBy([{ ...inV, subject: { kind: "Shared" } }], places).queues).toEqual(new Set(["a/one", "b/one"]));
});

test("a vhost concerns all that are in it", () => {
  const changes = [{ ...inV, subject: { kind: "Vhost" as const } }];
  expect(concernedBy(changes, places).queues).toEqual(new Set(["a/one", "a/two", "b/one"]));
});

test("a user concerns the object of its name, and the same name in another vhost nobody", () => {
  const changes = [
    { vhost: undefined, subject: { kind: "User" as const, key: "a/one" } },
    { vhost: "w", subject: { kind: "Topology" as const, names: ["a.one"] } },
  ];
  expect(concernedBy(changes, places)).toEqual({ queues: new Set(), users: new Set(["a/one"]) });
});
