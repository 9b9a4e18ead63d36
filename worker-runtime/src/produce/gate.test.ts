import { expect, test } from "vitest";
import { createGate } from "./gate.ts";

test("lets in as many as there is room for, the others in turn", async () => {
  const gate = createGate(2, 10);
  const order: string[] = [];
  const first = await gate.enter();
  const second = await gate.enter();
  const third = gate.enter().then(() => order.push("third"));
  const fourth = gate.enter().then(() => order.push("fourth"));
  await new Promise(setImmediate);
  expect(order).toEqual([]);
  first[Symbol.dispose]();
  await third;
  expect(order).toEqual(["third"]);
  second[Symbol.dispose]();
  await fourth;
});

test("leaving twice makes no more room", async () => {
  const gate = createGate(1, 10);
  const first = await gate.enter();
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await gate.enter();
  const abort = new AbortController();
  const waiting = gate.enter(abort.signal);
  abort.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
});

test("whoever stops waiting leaves the line", async () => {
  const gate = createGate(1, 1);
  const first = await gate.enter();
  const abort = new AbortController();
  const gone = gate.enter(abort.signal);
  abort.abort(new Error("enough"));
  await expect(gone).rejects.toThrow("enough");
  const next = gate.enter();
  first[Symbol.dispose]();
  await next;
});

test("refuses when the line is full, and when it is closed", async () => {
  const gate = createGate(1, 1);
  await gate.enter();
  const waiting = gate.enter();
  await expect(gate.enter()).rejects.toThrow("1 calls of enqueue wait already");
  gate.close(new Error("closed"));
  await expect(waiting).rejects.toThrow("closed");
  await expect(gate.enter()).rejects.toThrow("closed");
});
