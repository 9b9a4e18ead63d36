import fc from "fast-check";
import { expect, test } from "vitest";
import { createAckLedger } from "./ack-ledger.ts";

test("acks of one turn are one frame", () => {
  const ledger = createAckLedger();
  for (const tag of [1, 2, 3]) ledger.delivered(tag);
  for (const tag of [2, 3, 1]) ledger.ack(tag);
  expect(ledger.take()).toEqual([{ tag: 3, multiple: true }]);
  expect(ledger.waiting).toBe(false);
  expect(ledger.take()).toEqual([]);
});

test("what is acked above an open delivery is named by itself", () => {
  const ledger = createAckLedger();
  for (const tag of [1, 2, 3, 4]) ledger.delivered(tag);
  for (const tag of [1, 3, 4]) ledger.ack(tag);
  expect(ledger.take()).toEqual([
    { tag: 3, multiple: false },
    { tag: 4, multiple: false },
    { tag: 1, multiple: false },
  ]);
  ledger.ack(2);
  expect(ledger.take()).toEqual([{ tag: 2, multiple: false }]);
});

/** What a broker does with frames, RabbitMQ's refusals included. */
function createBrokersView() {
  const unsettled = new Set<number>();
  const done = new Set<number>();
  return {
    unsettled,
    done,
    deliver: (tag: number) => unsettled.add(tag),
    nack(tag: number) {
      if (!unsettled.delete(tag)) throw new Error(`unknown delivery tag ${tag}`);
    },
    ack({ tag, multiple }: { tag: number; multiple: boolean }) {
      if (!unsettled.has(tag)) throw new Error(`unknown delivery tag ${tag}`);
      for (const each of multiple ? [...unsettled].filter((one) => one <= tag) : [tag]) {
        unsettled.delete(each);
        done.add(each);
      }
    },
  };
}

test("whatever comes, the broker hears of every ack exactly once, and of nothing else", () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.constant({ type: "deliver" as const, pick: 0 }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant("ack" as const), pick: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("nack" as const), pick: fc.nat() }) },
    { weight: 1, arbitrary: fc.constant({ type: "flush" as const, pick: 0 }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const ledger = createAckLedger();
      const broker = createBrokersView();
      const open: number[] = [];
      const acked = new Set<number>();
      let tag = 0;
      const flush = () => {
        for (const frame of ledger.take()) broker.ack(frame);
        expect(broker.done).toEqual(acked);
        expect([...broker.unsettled]).toEqual([...open].sort((a, b) => a - b));
      };
      for (const { type, pick } of steps) {
        if (type === "flush") flush();
        else if (type === "deliver") {
          tag += 1;
          open.push(tag);
          broker.deliver(tag);
          ledger.delivered(tag);
        } else if (open.length > 0) {
          const [chosen = 0] = open.splice(pick % open.length, 1);
          if (type === "ack") {
            acked.add(chosen);
            ledger.ack(chosen);
          } else {
            broker.nack(chosen);
            ledger.told(chosen);
          }
        }
      }
      flush();
    }),
  );
});

test("jobs that end in order cost a frame a turn, however many they are", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }), (turns) => {
      const ledger = createAckLedger();
      let tag = 0;
      for (const count of turns) {
        const tags = Array.from({ length: count }, () => {
          tag += 1;
          return tag;
        });
        for (const each of tags) ledger.delivered(each);
        for (const each of tags) ledger.ack(each);
        expect(ledger.take()).toEqual([{ tag, multiple: count > 1 }]);
      }
    }),
  );
});
