import { expect, test } from "vitest";
import { runTrace } from "../run.ts";
import { allTraces } from "../traces.ts";
import { keda, kedaDefaults, kedaTuned } from "./keda.ts";

// KEDA 2.21 with an HPA of Kubernetes 1.34, measured on the cluster of this repository. There, too, the moments of poll and
// sync were a matter of chance: the model is given those that tell of the measured first start and first step.
const phase = { poll: 0.58, sync: 0.62 };

function model(trace: string, name: string, config = kedaTuned) {
  const found = allTraces(1).find((one) => one.name === trace);
  if (found === undefined) throw new Error(`there is no trace "${trace}"`);
  return runTrace(found, keda(name, config, { phase }), 1);
}

const within = (share: number, measured: number, modelled: number) =>
  expect(Math.abs(modelled / measured - 1)).toBeLessThanOrEqual(share);

test("the model of KEDA starts, drains and costs what KEDA did", () => {
  const single = model("single", "default", kedaDefaults);
  within(0.05, 18_900, single.firstStartMs);
  const byDefault = model("burst", "default", kedaDefaults);
  within(0.15, 63_800, byDefault.drainMs);
  within(0.15, 328, byDefault.podSeconds);
  const tuned = model("burst", "tuned");
  within(0.15, 29_200, tuned.drainMs);
  within(0.15, 365, tuned.podSeconds);
  const long = model("long", "tuned");
  within(0.15, 362_000, long.drainMs);
  within(0.15, 377, long.podSeconds);
});

test.for([
  { queueLength: 20, waitP95Ms: 12_500, podSeconds: 1_006 },
  { queueLength: 10, waitP95Ms: 12_600, podSeconds: 1_113 },
  { queueLength: 5, waitP95Ms: 15_700, podSeconds: 1_382 },
])("the model waits and costs what KEDA did on the steps with queueLength $queueLength", (measured) => {
  const outcome = model("steps", "tuned", { ...kedaTuned, queueLength: measured.queueLength });
  within(0.2, measured.waitP95Ms, outcome.waitP95Ms);
  within(0.15, measured.podSeconds, outcome.podSeconds);
});
