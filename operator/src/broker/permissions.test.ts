import { controlQueue, delayRoutingKey, heartbeatRoutingKey } from "@jobwright/worker-runtime/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { poolPermissions, producerPermissions } from "./permissions.ts";

const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?$/);
const allows = (pattern: string, name: string) => new RegExp(pattern).test(name);

describe("poolPermissions", () => {
  it("let every worker of the pool do its work", () => {
    fc.assert(
      fc.property(label, label, label, label, fc.nat(2 ** 28 - 1), (namespace, queue, pool, pod, seconds) => {
        const queueName = `${namespace}.${queue}`;
        const may = poolPermissions({ queueName, namespace, pool });
        const worker = { namespace, pool, pod };
        expect(allows(may.read, queueName)).toBe(true);
        expect(allows(may.read, controlQueue(worker))).toBe(true);
        expect(allows(may.configure, controlQueue(worker))).toBe(true);
        expect(allows(may.write, `${queueName}.dlx`)).toBe(true);
        const [delays, heartbeats] = may.topics;
        expect(allows(may.write, delays?.exchange ?? "")).toBe(true);
        expect(allows(delays?.write ?? "", delayRoutingKey(seconds * 1000, queueName))).toBe(true);
        expect(allows(heartbeats?.write ?? "", heartbeatRoutingKey(worker))).toBe(true);
      }),
    );
  });

  it("refuse another's queue, delays, control queues and heartbeats", () => {
    fc.assert(
      fc.property(label, label, label, label, (queue, pool, other, pod) => {
        fc.pre(other !== queue && other !== pool);
        const may = poolPermissions({ queueName: `media.${queue}`, namespace: "media", pool });
        const [delays, heartbeats] = may.topics;
        const theirs = { namespace: "media", pool: other, pod };
        expect(allows(may.read, `media.${other}`)).toBe(false);
        expect(allows(may.configure, controlQueue(theirs))).toBe(false);
        expect(allows(may.read, controlQueue(theirs))).toBe(false);
        expect(allows(delays?.write ?? "", delayRoutingKey(5_000, `media.${other}`))).toBe(false);
        expect(allows(heartbeats?.write ?? "", heartbeatRoutingKey(theirs))).toBe(false);
      }),
    );
  });

  it("include the lanes, and delays back to each of them", () => {
    const may = poolPermissions({ queueName: "media.resize", lanes: ["fast", "slow"], namespace: "media", pool: "p" });
    for (const target of ["media.resize", "media.resize.fast", "media.resize.slow"]) {
      expect(allows(may.read, target)).toBe(true);
      expect(allows(may.topics[0]?.write ?? "", delayRoutingKey(5_000, target))).toBe(true);
    }
    for (const target of ["media.resize.dead", "media.resize.other", "media.resizexfast"]) {
      expect(allows(may.read, target)).toBe(false);
      expect(allows(may.topics[0]?.write ?? "", delayRoutingKey(5_000, target))).toBe(false);
    }
    for (const exchange of ["media.resize", "media.resize.outcomes", "jobwright.replies"]) {
      expect(allows(may.write, exchange)).toBe(true);
    }
  });

  it("include what comes back to a bounded queue, but nothing is delayed to there", () => {
    const may = poolPermissions({ queueName: "media.resize", namespace: "media", pool: "p" });
    expect(allows(may.read, "media.resize.returns")).toBe(true);
    expect(allows(may.topics[0]?.write ?? "", delayRoutingKey(0, "media.resize.returns"))).toBe(false);
  });

  it("include enqueueing to the queues of publishTo, and nothing else of theirs", () => {
    const publishTo = [{ queueName: "media.audit", lanes: ["fast"] }, { queueName: "media.mail" }];
    const may = poolPermissions({ queueName: "media.resize", namespace: "media", pool: "p", publishTo });
    for (const exchange of ["media.audit", "media.mail", "media.resize"])
      expect(allows(may.write, exchange)).toBe(true);
    for (const target of ["media.audit", "media.audit.fast", "media.mail", "media.resize"]) {
      expect(allows(may.topics[0]?.write ?? "", delayRoutingKey(5_000, target))).toBe(true);
    }
    for (const target of ["media.audit.dead", "media.audit.slow", "media.mail.fast", "media.auditor"]) {
      expect(allows(may.topics[0]?.write ?? "", delayRoutingKey(5_000, target))).toBe(false);
    }
    for (const one of ["media.audit", "media.audit.fast", "media.audit.dead", "media.audit.returns"]) {
      expect(allows(may.read, one)).toBe(false);
      expect(allows(may.configure, one)).toBe(false);
    }
    for (const one of ["media.audit.dlx", "media.audit.outcomes", "media.audit.unlaned"]) {
      expect(allows(may.write, one)).toBe(false);
    }
  });

  it("never include the dead letters or the default exchange", () => {
    const may = poolPermissions({ queueName: "media.resize", namespace: "media", pool: "resizers" });
    expect(allows(may.read, "media.resize.dead")).toBe(false);
    for (const exchange of ["amq.default", "jobwright.delay.3", "jobwright.delay.deliver"]) {
      expect(allows(may.write, exchange)).toBe(false);
    }
    expect(allows(may.configure, "media.resize")).toBe(false);
  });
});

describe("producerPermissions", () => {
  const may = producerPermissions({ queueName: "media.resize", lanes: ["fast"] });
  const [delays, replies] = may.topics;

  it("let a producer publish to its exchange, at once or delayed, to the queue and its lanes", () => {
    expect(allows(may.write, "media.resize")).toBe(true);
    expect(allows(may.write, delays?.exchange ?? "")).toBe(true);
    for (const target of ["media.resize", "media.resize.fast"]) {
      expect(allows(delays?.write ?? "", delayRoutingKey(5_000, target))).toBe(true);
    }
    for (const target of ["media.resize.slow", "media.resize.dead", "media.other", "media.resizefast"]) {
      expect(allows(delays?.write ?? "", delayRoutingKey(5_000, target))).toBe(false);
    }
  });

  it("let a producer hear replies to keys that it knows, in queues of its own, and no others", () => {
    const own = "jobwright.replies.media.resize.web-1";
    for (const pattern of [may.configure, may.write, may.read]) {
      expect(allows(pattern, own)).toBe(true);
      expect(allows(pattern, "jobwright.replies.media.other.web-1")).toBe(false);
      expect(allows(pattern, "media.resize.fast")).toBe(false);
    }
    expect(allows(may.write, "jobwright.replies")).toBe(false);
    expect(allows(replies?.read ?? "", "media.resize.7f3a")).toBe(true);
    for (const key of ["#", "media.resize.#", "media.resize.*", "media.other.7f3a", "media.resize.a.b"]) {
      expect(allows(replies?.read ?? "", key)).toBe(false);
    }
  });

  it("never let a producer take jobs or hear outcomes", () => {
    for (const one of ["media.resize", "media.resize.fast", "media.resize.dead", "media.resize.outcomes"]) {
      expect(allows(may.read, one)).toBe(false);
    }
  });
});
