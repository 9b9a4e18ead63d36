import { expect, test } from "vitest";
import { desiredDelayFabric } from "./delay-fabric.ts";
import { diff } from "./diff.ts";
import { brokerFeatures } from "./features.ts";
import { noteRemoved, noteRepaired } from "./noted-repairs.ts";
import type { Observed } from "./observe.ts";
import { desiredTopology } from "./topology.ts";

const features = brokerFeatures("4.0.5", new Map());
const wanted = { name: "media.image-resize", deliveryLimit: 7, deadLetter: { retentionMs: 3_600_000 } };

function nothing(): Observed {
  return { queues: new Map(), exchanges: new Map(), bindings: new Set(), marked: new Map(), policies: new Map() };
}

test("a listing in which repairs are noted lacks nothing of what was repaired", () => {
  const observed = nothing();
  for (const desired of [desiredDelayFabric(features), desiredTopology(wanted, features)]) {
    const differences = diff(desired, observed);
    expect(differences).not.toEqual([]);
    noteRepaired(observed, differences);
    expect(diff(desired, observed)).toEqual([]);
  }
});

test("what was taken away is noted too: the binding for all keys when lanes come, a policy that is needed no more", () => {
  const observed = nothing();
  noteRepaired(observed, diff(desiredTopology(wanted, features), observed));
  const laned = { ...wanted, deliveryLimit: 20, deadLetter: { retentionMs: 336 * 3_600_000 }, lanes: ["express"] };
  const desired = () => desiredTopology(laned, features, [], observed);
  const differences = diff(desired(), observed);
  expect(differences.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["unbinding", "unpolicy"]));
  noteRepaired(observed, differences);
  expect(diff(desired(), observed)).toEqual([]);
});

test("a JobQueue that was taken away is not in the listing any more, and the others are", () => {
  const put = (observed: Observed, name: string) => {
    noteRepaired(observed, diff(desiredTopology({ ...wanted, name, lanes: ["express"] }, features), observed));
    return observed;
  };
  const observed = put(put(nothing(), "media.goes"), "media.stays");
  noteRemoved(observed, {
    exchanges: ["media.goes", "media.goes.unlaned", "media.goes.dlx", "media.goes.outcomes"],
    queues: ["media.goes", "media.goes.express", "media.goes.dead"],
    policies: [...observed.policies.keys()].filter((policy) => policy.startsWith("jobwright:media.goes")),
  });
  expect(observed).toEqual(put(nothing(), "media.stays"));
});
