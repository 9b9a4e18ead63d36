import type { Subject } from "./subject.ts";
import { fixedMax } from "./subjects/fixed.ts";
import { jobwright } from "./subjects/jobwright.ts";
import { keda, kedaDefaults, kedaTuned } from "./subjects/keda.ts";

/** What a tuned KEDA is swept over: workers for the burst, or savings. */
const queueLengths = [2, 5, 10, 20];

/** Who takes part, beside the oracle. */
export const subjects: readonly Subject[] = [
  jobwright(),
  keda("keda-default", kedaDefaults),
  ...queueLengths.map((queueLength) => keda(`keda-tuned-${queueLength}`, { ...kedaTuned, queueLength })),
  fixedMax,
];
