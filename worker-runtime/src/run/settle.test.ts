import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { repliesExchange } from "../contract/index.ts";
import { ConnectionLost, Nacked, Unroutable } from "../errors.ts";
import type { OutgoingMessage } from "../message/message.ts";
import { controlledClock } from "../testing/controlled-clock.ts";
import type { Delivery } from "./delivery.ts";
import { settleWith, store } from "./settle.ts";

const message = (exchange: string): OutgoingMessage => ({
  exchange,
  routingKey: "",
  content: Buffer.alloc(0),
  properties: {},
});

/** Settles with messages for exchanges a and b; what `answers` holds for an exchange is thrown, one a time. */
async function settle(answers: Record<string, unknown[]>, exchanges = ["a", "b"]) {
  const clock = controlledClock(0);
  const lost = new AbortController();
  const trace: string[] = [];
  let open = true;
  const delivery: Delivery = {
    message: { content: Buffer.alloc(0), fields: { routingKey: "" }, properties: {} },
    lane: undefined,
    lost: lost.signal,
    get open() {
      return open;
    },
    ack: () => {
      trace.push("ack");
      return true;
    },
    handBack: () => {
      if (open) trace.push("back");
      return open;
    },
    release() {},
  };
  const publisher = {
    async publish({ exchange }: OutgoingMessage) {
      trace.push(exchange);
      const error = answers[exchange]?.shift();
      if (error === "lost") {
        open = false;
        lost.abort();
        throw new ConnectionLost();
      }
      if (error !== undefined) throw error;
    },
  };
  let ended = false;
  const log = pino({ level: "silent" });
  const safe = settleWith(delivery, exchanges.map(message), publisher, clock, { ownLog: log }).finally(() => {
    ended = true;
  });
  while (!ended) {
    await new Promise(setImmediate);
    clock.fireNext(Number.POSITIVE_INFINITY);
  }
  return { safe: await safe, trace };
}

describe("settleWith", () => {
  test("acks when all is stored", async () => {
    expect(await settle({})).toEqual({ safe: true, trace: ["a", "b", "ack"] });
  });

  test("publishes again only what was refused", async () => {
    expect(await settle({ b: [new Nacked("full")] })).toEqual({ safe: true, trace: ["a", "b", "b", "ack"] });
  });

  test("a lost connection is waited for as long as it takes", async () => {
    const { trace } = await settle({ b: Array.from({ length: 20 }, () => new ConnectionLost()) });
    expect(trace).toEqual(["a", ...Array(21).fill("b"), "ack"]);
  });

  test("what is refused three times sends the job back", async () => {
    const refusals = Array.from({ length: 9 }, () => new Unroutable("no queue"));
    expect(await settle({ a: refusals })).toEqual({ safe: false, trace: ["a", "b", "a", "a", "back"] });
  });

  test("a lost delivery ends it: nothing is said any more", async () => {
    expect(await settle({ b: ["lost"] })).toEqual({ safe: false, trace: ["a", "b"] });
  });

  test("a reply whose exchange is missing is given up", async () => {
    const answers = { [repliesExchange]: [new Unroutable("no exchange")] };
    expect(await settle(answers, [repliesExchange])).toEqual({ safe: true, trace: [repliesExchange, "ack"] });
  });
});

test("very many messages are not all on their way at once", async () => {
  const stored: OutgoingMessage[] = [];
  let underWay = 0;
  let most = 0;
  const publisher = {
    async publish(one: OutgoingMessage) {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise(setImmediate);
      underWay -= 1;
      stored.push(one);
    },
  };
  const delivery = { open: true, lost: new AbortController().signal } as Delivery;
  const children = Array.from({ length: 2_500 }, () => message("a"));
  expect(await store(delivery, children, publisher, controlledClock(0), { ownLog: pino({ level: "silent" }) })).toBe(
    undefined,
  );
  expect(stored).toEqual(children);
  expect(most).toBe(1_000);
});
