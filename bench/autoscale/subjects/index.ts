import type { Subject } from "../subject.ts";
import { jobwright } from "./jobwright.ts";
import { kedaDefault, kedaTuned } from "./keda.ts";
import { kubectlScaleToAll, kubectlScaleToOne } from "./kubectl-scale.ts";

export const subjects: readonly Subject[] = [
  kubectlScaleToOne,
  kubectlScaleToAll,
  jobwright,
  kedaDefault,
  ...[2, 5, 10, 20].map((queueLength) => kedaTuned(queueLength, "amqp")),
  ...[2, 5].map((queueLength) => kedaTuned(queueLength, "http")),
];
