import { describe, expect, test } from "vitest";
import type { JobQueue } from "../api/objects.ts";
import {
  bindingsThatName,
  eventBindingsOf,
  formerBindings,
  refuseLeftSources,
  refuseSources,
} from "./event-bindings.ts";

type Bindings = NonNullable<JobQueue["spec"]["bindings"]>;

function jobQueue(bindings: Bindings, status: object = {}, namespace = "post"): JobQueue {
  return { metadata: { name: "mail", namespace }, spec: { bindings }, status } as unknown as JobQueue;
}
const created = { exchange: "shop", routingKey: "order.created", job: "bill" };

test("arguments may be strings, integers and booleans", () => {
  const args = { kind: "order", size: 3, urgent: true, "x-match": "any" };
  expect(eventBindingsOf(jobQueue([{ ...created, arguments: args }]))).toEqual([{ ...created, arguments: args }]);
});

describe("what the API server lets through", () => {
  test("is refused: a key of 255 characters and more bytes", () => {
    const long = { exchange: "shop", routingKey: "é".repeat(128) };
    expect(() => eventBindingsOf(jobQueue([created, long]))).toThrow("spec.bindings[1].routingKey has 256 bytes");
  });

  test.each([
    ["size", 1.5, '["size"] (exchange "shop") is 1.5: expected a string, an integer or a boolean'],
    ["kind", ["order"], '["kind"] (exchange "shop") is ["order"]: expected a string'],
    // It would never be found as it was made, and be made and taken away for ever.
    ["x-jobwright", "mine", '["x-jobwright"] (exchange "shop") is "mine": expected no argument of this name'],
    ["x-match", "all-with-x", '["x-match"] (exchange "shop") is "all-with-x": expected "all" or "any"'],
  ])("is refused: %s %j", (name, value, message) => {
    const wrong = jobQueue([created, { ...created, routingKey: "", arguments: { [name]: value } }]);
    expect(() => eventBindingsOf(wrong)).toThrow(`spec.bindings[1].arguments${message}`);
  });
});

describe("workers are told", () => {
  test("all bindings in their order if one of them names a job, and none if none does", () => {
    const audit = { exchange: "shop", routingKey: "order.#" };
    expect(bindingsThatName(jobQueue([audit, created]))).toEqual([
      { ...audit, arguments: {} },
      { ...created, arguments: {} },
    ]);
    expect(bindingsThatName(jobQueue([audit]))).toEqual([]);
  });

  test("of bindings that went, until the status has them no more", () => {
    const gone = { exchange: "shop", routingKey: "order.deleted", job: "refund" };
    const silent = { exchange: "shop", routingKey: "order.moved" };
    const before = jobQueue([], { bindings: [created, gone, silent] });
    const after = { ...before, spec: { ...before.spec, bindings: [created] } };
    expect(formerBindings(after)).toEqual([gone]);
    expect(bindingsThatName(after)).toEqual([
      { ...created, arguments: {} },
      { ...gone, arguments: {}, former: true },
    ]);
  });
});

describe("an exchange is refused", () => {
  const named = (name: string, status: object) => {
    const one = jobQueue([], status);
    return { ...one, metadata: { ...one.metadata, name } };
  };
  const rabbit = { host: "rabbit", port: 5672 };
  const others = [
    jobQueue([], { queue: "other.jobs" }, "other"),
    named("letters", { queue: "post.letters", broker: rabbit, vhost: "/" }),
    named("parcels", {}),
  ];
  const refuse = (exchange: string, sharesBroker = true, vhost = "/") => {
    const at = { ...rabbit, vhost, name: "post.mail" };
    refuseSources(jobQueue([{ exchange, routingKey: "#" }]), at, others, sharesBroker);
  };

  test.each(["post.mail", "post.mail.dlx", "post.mail.outcomes", "post.mail.unlaned"])(
    "if it is its own: %s",
    (own) => {
      expect(() => refuse(own)).toThrow(`spec.bindings[0].exchange is "${own}", which is this JobQueue's own`);
    },
  );

  test("if it is of a JobQueue of another namespace, unless the broker is the user's own", () => {
    expect(() => refuse("other.jobs.outcomes")).toThrow("belongs to a JobQueue of another namespace");
    expect(() => refuse("other.jobs", false)).not.toThrow();
  });

  test("if another JobQueue's jobs are published to it, which they would not reach any more, though not in another vhost", () => {
    expect(() => refuse("post.letters", false)).toThrow("to which the jobs of JobQueue post/letters are published");
    expect(() => refuse("post.parcels")).toThrow("to which the jobs of JobQueue post/parcels are published");
    expect(() => refuse("post.letters", false, "another")).not.toThrow();
  });

  test("if a JobQueue of another namespace left it, or has just made it: its policy is there", () => {
    const left = new Set(["jobwright:other.jobs"]);
    const refuseLeft = (exchange: string) => refuseLeftSources(jobQueue([{ exchange, routingKey: "#" }]), left);
    for (const suffix of ["", ".dlx", ".outcomes", ".unlaned"]) {
      expect(() => refuseLeft(`other.jobs${suffix}`)).toThrow("belongs or belonged to a JobQueue of another namespace");
    }
    for (const exchange of ["shop", "other.news", "post.letters.outcomes"])
      expect(() => refuseLeft(exchange)).not.toThrow();
  });

  test("and others are not", () => {
    for (const exchange of ["post.letters.outcomes", "amq.topic", "shop"]) expect(() => refuse(exchange)).not.toThrow();
  });
});
