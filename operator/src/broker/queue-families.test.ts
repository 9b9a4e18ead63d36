import { expect, test } from "vitest";
import { nothingObserved, type Observed } from "./observe.ts";
import { dropFromFamily, familyOf, noteInFamily } from "./queue-families.ts";

const queue = (name: string) => [name, { name, arguments: {} }] as const;

function listed(...names: string[]): Observed["queues"] {
  return { ...nothingObserved, queues: new Map(names.map(queue)) }.queues;
}

test("a queue's family are those with one word more, whatever else begins alike", () => {
  const queues = listed("media.resize", "media.resize.dead", "media.resize.express", "media.resize2.dead", "media");
  expect([...familyOf(queues, "media.resize")]).toEqual(["media.resize.dead", "media.resize.express"]);
  expect([...familyOf(queues, "media")]).toEqual(["media.resize"]);
  expect([...familyOf(queues, "mail")]).toEqual([]);
});

test("what is noted later belongs to it, and what is dropped does not", () => {
  const queues = listed("media.resize.dead");
  noteInFamily(queues, "media.resize.early");
  expect([...familyOf(queues, "media.resize")]).toEqual(["media.resize.dead"]);
  noteInFamily(queues, "media.resize.express");
  dropFromFamily(queues, "media.resize.dead");
  expect([...familyOf(queues, "media.resize")]).toEqual(["media.resize.express"]);
});
