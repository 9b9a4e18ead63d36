import fc from "fast-check";
import { expect, test } from "vitest";
import { createOrders, type Orders } from "./orders.ts";

/** An intake that is quiet only when the test says so; being resumed supersedes a pause, as with the real one. */
function slowIntake() {
  let waiting: (() => void)[] = [];
  const settle = () => {
    for (const done of waiting.splice(0)) done();
  };
  const intake = {
    taking: false,
    settled: false,
    resume() {
      intake.taking = true;
      intake.settled = false;
      settle();
    },
    pause() {
      intake.taking = false;
      return new Promise<void>((resolve) => {
        waiting = [...waiting, resolve];
      });
    },
    fallSilent() {
      if (!intake.taking) intake.settled = true;
      settle();
    },
  };
  return intake;
}

test("to be uncordoned does not end a pause, nor to be resumed a cordon", () => {
  const intake = slowIntake();
  const orders = createOrders(intake, false);
  orders.begin();
  expect(intake.taking).toBe(true);
  void orders.give("paused", true);
  void orders.give("cordoned", true);
  void orders.give("cordoned", false);
  expect(intake.taking).toBe(false);
  void orders.give("cordoned", true);
  void orders.give("paused", false);
  expect(intake.taking).toBe(false);
  void orders.give("cordoned", false);
  expect(intake.taking).toBe(true);
});

test("a worker whose queue is paused when it starts takes nothing", () => {
  const intake = slowIntake();
  createOrders(intake, true).begin();
  expect(intake.taking).toBe(false);
});

test("whatever is said in whatever order, jobs are taken just if nothing speaks against it, and quiet means quiet", async () => {
  const order = fc.constantFrom<keyof Orders | "fallSilent">("cordoned", "paused", "fallSilent");
  const said = fc.record({ order, value: fc.boolean(), wait: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(said, { maxLength: 30 }), async (paused, sequence) => {
      const intake = slowIntake();
      const orders = createOrders(intake, paused);
      orders.begin();
      for (const { order, value, wait } of sequence) {
        if (order === "fallSilent") intake.fallSilent();
        else void orders.give(order, value);
        if (wait) await Promise.resolve();
        expect(intake.taking).toBe(!orders.now.cordoned && !orders.now.paused);
        if (orders.quiet) expect(intake.settled).toBe(true);
      }
    }),
  );
});
