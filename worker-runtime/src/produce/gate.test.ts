import { expect, test } from "vitest";
import { createGate } from "./gate.ts";

test("lets in as many as there is room for, the others in turn", async () => {
  const gate = createGate(2, 10);
  const order: string[] = [];
  expect(gate.enter()).toBeUndefined();
  expect(gate.enter()).toBeUndefined();
  const third = gate.enter()?.then(() => order.push("third"));
  const fourth = gate.enter()?.then(() => order.push("fourth"));
  await new Promise(setImmediate);
  expect(order).toEqual([]);
  gate.leave();
  await third;
  expect(order).toEqual(["third"]);
  gate.leave();
  await fourth;
});

test("whoever stops waiting leaves the line", async () => {
  const gate = createGate(1, 1);
  void gate.enter();
  const abort = new AbortController();
  const gone = gate.enter(abort.signal);
  abort.abort(new Error("enough"));
  await expect(gone).rejects.toThrow("enough");
  const next = gate.enter();
  gate.leave();
  await next;
  expect(() => gate.enter(abort.signal)).toThrow("enough");
});

test("refuses when the line is full, and when it is closed", async () => {
  const gate = createGate(1, 1);
  void gate.enter();
  const waiting = gate.enter();
  expect(() => gate.enter()).toThrow("1 calls of enqueue wait already");
  gate.close(new Error("closed"));
  await expect(waiting).rejects.toThrow("closed");
  expect(() => gate.enter()).toThrow("closed");
});
