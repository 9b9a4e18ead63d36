import { expect, test } from "vitest";
import { BrokerUnreachable, VhostMissing } from "./broker/index.ts";
import { ApiError } from "./kube/index.ts";
import { asProblem, Problem, retryProblemMs } from "./problem.ts";

const refusedWith = (status: number, message: string, reason = "") =>
  asProblem(new ApiError("apply", status, { message, reason }));

test("what the API server refuses is the user's to mend, in its words", () => {
  for (const [status, why] of [
    [400, "BadRequest"],
    [403, "Forbidden"],
    [422, "Invalid"],
  ] as const) {
    expect(refusedWith(status, "spec.x: Invalid value", why)).toMatchObject({
      state: "Stalled",
      reason: "RefusedByApiServer",
      message: expect.stringContaining("spec.x: Invalid value"),
    });
  }
  expect(refusedWith(500, "failed to create typed patch object: .spec.x: field not declared in schema")).toBeDefined();
});

test("a conflict, and a fault of the API server, is nobody's to mend but to be tried again", () => {
  expect(refusedWith(409, "the object has been modified")).toBeUndefined();
  expect(refusedWith(500, "etcdserver: request timed out")).toBeUndefined();
  expect(asProblem(new TypeError("x is undefined"))).toBeUndefined();
});

test("a broker's refusal stalls, its absence passes", () => {
  expect(asProblem(new VhostMissing("no vhost"))).toMatchObject({ state: "Stalled", reason: "VhostMissing" });
  expect(asProblem(new BrokerUnreachable("away"))).toMatchObject({ state: "Reconciling", reason: "BrokerUnreachable" });
});

test("what may pass by itself is looked at sooner", () => {
  const soon = retryProblemMs(new Problem("Reconciling", "BrokerUnreachable", "away"), 15_000);
  expect(soon).toBeLessThan(retryProblemMs(new Problem("Stalled", "VhostMissing", "no vhost"), 15_000));
});
