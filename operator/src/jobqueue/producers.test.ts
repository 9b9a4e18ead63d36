import { describe, expect, test } from "vitest";
import type { JobQueue } from "../api/objects.ts";
import { isDone, knownUsers, needsRecord, planProducers } from "./producers.ts";

const hour = 3_600_000;
const start = Date.parse("2026-01-01T00:00:00Z");
const at = (hours: number) => new Date(start + hours * hour);

interface Found {
  access?: JobQueue["spec"]["access"];
  status?: JobQueue["status"];
  request?: string;
}

function jobQueue({ access, status, request }: Found): JobQueue {
  const annotations = request === undefined ? {} : { "jobwright.dev/rotate-credentials": request };
  return {
    metadata: { name: "mail", namespace: "post", annotations },
    spec: { ...(access && { access }) },
    ...(status && { status }),
  } as JobQueue;
}

/** The JobQueue after its plan at this time was carried out. */
function carriedOut(found: Found, now = at(0)): Found {
  const { producers, request } = planProducers(jobQueue(found), now);
  return {
    ...found,
    status: { producers: [...producers], ...(request === undefined ? {} : { rotationRequest: request }) },
  };
}

const shop = { producers: [{ name: "shop" }, { name: "crm", secretName: "crm-jobs" }] };

test("every JobQueue has a default producer, whose first user a deletion finds without a record", () => {
  const plan = planProducers(jobQueue({}), at(0));
  expect(plan.producers).toEqual([
    { name: "default", secretName: "mail-producer", user: "post.mail.producer", rotatedAt: at(0).toISOString() },
  ]);
  expect(needsRecord(plan, jobQueue({}))).toBe(false);
  expect(knownUsers(jobQueue({}))).toEqual(["post.mail.producer"]);
});

describe("named producers", () => {
  test("have a user and a Secret each, and are recorded before they are made", () => {
    const plan = planProducers(jobQueue({ access: shop }), at(0));
    expect(plan.producers.map(({ user, secretName }) => `${secretName}: ${user}`)).toEqual([
      "mail-producer: post.mail.producer",
      "mail-producer-shop: post.mail.producer.shop",
      "crm-jobs: post.mail.producer.crm",
    ]);
    expect(needsRecord(plan, jobQueue({ access: shop }))).toBe(true);
  });

  test("need nothing once all is done", () => {
    const done = jobQueue(carriedOut({ access: shop }));
    const plan = planProducers(done, at(1));
    expect(isDone(plan, done)).toBe(true);
    expect(needsRecord(plan, done)).toBe(false);
  });

  test("leave when the spec names them no more, with all users that they had", () => {
    const rotated = carriedOut({ ...carriedOut({ access: shop }), request: "1" }, at(1));
    const without = jobQueue({ ...rotated, access: { producers: [{ name: "shop" }] } });
    const plan = planProducers(without, at(2));
    expect(plan.leaving).toMatchObject([{ name: "crm", retiring: [{ user: "post.mail.producer.crm" }] }]);
    expect(isDone(plan, without)).toBe(false);
    expect(knownUsers(without)).toContain("post.mail.producer.crm_2");
  });
});

describe("the annotation", () => {
  test("asks for nothing of a JobQueue that was made with it", () => {
    const made = carriedOut({ request: "1" });
    expect(made.status).toMatchObject({ rotationRequest: "1", producers: [{ user: "post.mail.producer" }] });
    expect(planProducers(jobQueue(made), at(1)).rotated).toEqual([]);
  });

  test("gives all producers new users, once for each value; a producer that is new then needs no other", () => {
    const before = carriedOut({ access: { producers: [{ name: "shop" }] } });
    const asked = { ...before, access: shop, request: "now" };
    const plan = planProducers(jobQueue(asked), at(1));
    expect(plan.rotated).toEqual(["default", "shop"]);
    expect(plan.producers.map(({ user }) => user)).toEqual([
      "post.mail.producer_2",
      "post.mail.producer.shop_2",
      "post.mail.producer.crm",
    ]);
    expect(planProducers(jobQueue(carriedOut(asked, at(1))), at(2)).rotated).toEqual([]);
  });
});

test("the schedule rotates once the interval is over, and the overlap ends the users before", () => {
  const access = { rotation: { interval: "24h", overlap: "2h" } };
  const made = carriedOut({ access });
  expect(planProducers(jobQueue(made), at(23)).rotated).toEqual([]);
  expect(planProducers(jobQueue(made), at(25)).rotated).toEqual(["default"]);
  const rotated = carriedOut(made, at(25));
  expect(planProducers(jobQueue(rotated), at(26.9)).expired).toEqual([]);
  expect(planProducers(jobQueue(rotated), at(27)).expired).toEqual(["post.mail.producer"]);
});
