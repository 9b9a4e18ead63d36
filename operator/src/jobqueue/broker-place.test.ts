import { describe, expect, test } from "vitest";
import type { JobQueue } from "../api/objects.ts";
import {
  acceptBrokerAnnotation,
  describePlace,
  placeOfStatus,
  refuseMove,
  refuseToDeleteElsewhere,
  refuseToWorkElsewhere,
  whereabouts,
} from "./broker-place.ts";

const old = { host: "rabbit", port: 5672, vhost: "/" };
const other = { host: "rabbit", port: 5672, vhost: "mail" };

function jobQueue(status?: JobQueue["status"], accepted?: string): JobQueue {
  const annotations = accepted === undefined ? {} : { annotations: { [acceptBrokerAnnotation]: accepted } };
  return {
    metadata: { name: "mail", namespace: "post", ...annotations },
    ...(status && { status }),
  } as unknown as JobQueue;
}
const put = { queue: "post.mail", broker: { host: "rabbit", port: 5672 }, vhost: "/" };

describe("a JobQueue's place", () => {
  test("is written so that it can be accepted", () => {
    expect(describePlace(old)).toBe("rabbit:5672//");
    expect(describePlace({ ...other, host: "fd00::1" })).toBe("[fd00::1]:5672/mail");
  });

  test("is none before it was put anywhere", () => {
    expect(placeOfStatus(jobQueue())).toBeUndefined();
    expect(whereabouts(jobQueue(), other)).toBe("New");
    expect(() => refuseMove(jobQueue(), other)).not.toThrow();
  });

  test("is the same with another user or password", () => {
    expect(whereabouts(jobQueue(put), old)).toBe("Same");
    for (const check of [refuseMove, refuseToDeleteElsewhere, refuseToWorkElsewhere]) {
      expect(() => check(jobQueue(put), old)).not.toThrow();
    }
  });

  test("is not left until exactly the new one is accepted", () => {
    for (const accepted of [undefined, "rabbit:5672//", "rabbit:5672", "true"]) {
      expect(whereabouts(jobQueue(put, accepted), other)).toBe("Changed");
    }
    expect(whereabouts(jobQueue(put, "rabbit:5672/mail"), other)).toBe("Accepted");
    expect(() => refuseMove(jobQueue(put, "rabbit:5672/mail"), other)).not.toThrow();
  });

  test("that changed is told with the old, the new and the way out", () => {
    expect(() => refuseMove(jobQueue(put), other)).toThrow(
      "JobQueue post/mail and its jobs are at rabbit:5672//, but its broker's Secret leads to rabbit:5672/mail now",
    );
    expect(() => refuseMove(jobQueue(put), other)).toThrow(
      /: kubectl annotate jobqueue mail -n post --overwrite jobwright\.dev\/accept-broker=rabbit:5672\/mail$/,
    );
    expect(() => refuseMove(jobQueue(put), { ...other, vhost: "it's" })).toThrow(
      "--overwrite 'jobwright.dev/accept-broker=rabbit:5672/it'\\''s'",
    );
  });

  test("that was accepted is not yet where workers work, nor what a deletion may clean", () => {
    const accepted = jobQueue(put, "rabbit:5672/mail");
    expect(() => refuseToWorkElsewhere(accepted, other)).toThrow("it is moving");
    expect(() => refuseToDeleteElsewhere(accepted, other)).toThrow("nothing was deleted at either place");
  });
});
