import { expect, test } from "vitest";
import { type Condition, readyConditions, removeCondition, setCondition } from "./conditions.ts";

const early = new Date("2026-01-01T10:00:00.500Z");
const late = new Date("2026-01-01T11:00:00.500Z");

test("the time of the last transition stays while the status stays", () => {
  const first = setCondition(undefined, { type: "Ready", status: "False", reason: "A", message: "a" }, early);
  expect(first[0]?.lastTransitionTime).toBe("2026-01-01T10:00:00Z");
  const same = setCondition(first, { type: "Ready", status: "False", reason: "B", message: "b" }, late);
  expect(same).toEqual([
    { type: "Ready", status: "False", reason: "B", message: "b", lastTransitionTime: "2026-01-01T10:00:00Z" },
  ]);
  const other = setCondition(same, { type: "Ready", status: "True", reason: "B", message: "b" }, late);
  expect(other[0]?.lastTransitionTime).toBe("2026-01-01T11:00:00Z");
});

test("a condition keeps its place in the list, and others stay as they are", () => {
  const list = ["A", "B", "C"].reduce<Condition[]>(
    (sum, type) => setCondition(sum, { type, status: "True", reason: "R", message: "" }, early),
    [],
  );
  const changed = setCondition(list, { type: "B", status: "False", reason: "R", message: "" }, late);
  expect(changed.map(({ type }) => type)).toEqual(["A", "B", "C"]);
  expect([changed[0], changed[2]]).toEqual([list[0], list[2]]);
  expect(list[1]?.status).toBe("True");
  expect(removeCondition(changed, "B").map(({ type }) => type)).toEqual(["A", "C"]);
});

test("an observedGeneration that is not stated again does not linger", () => {
  const first = setCondition([], { type: "A", status: "True", reason: "R", message: "", observedGeneration: 3 }, early);
  expect(setCondition(first, { type: "A", status: "True", reason: "R", message: "" }, late)[0]).not.toHaveProperty(
    "observedGeneration",
  );
});

test("kstatus: Reconciling only while working, Stalled only when the user must mend, never both", () => {
  const why = { reason: "Because", message: "so", observedGeneration: 2 };
  const show = (conditions: Condition[]) => conditions.map(({ type, status }) => `${type}=${status}`);
  const other = setCondition([], { type: "BrokerReachable", status: "True", reason: "R", message: "" }, early);

  const working = readyConditions(other, { state: "Reconciling", ...why }, early);
  expect(show(working)).toEqual(["BrokerReachable=True", "Ready=False", "Reconciling=True"]);
  const stalled = readyConditions(working, { state: "Stalled", ...why }, late);
  expect(show(stalled)).toEqual(["BrokerReachable=True", "Ready=False", "Stalled=True"]);
  const ready = readyConditions(stalled, { state: "Ready", ...why }, late);
  expect(show(ready)).toEqual(["BrokerReachable=True", "Ready=True"]);
  expect(ready[1]).toMatchObject({ ...why, lastTransitionTime: "2026-01-01T11:00:00Z" });
});
