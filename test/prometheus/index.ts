// A real Prometheus for tests: of the caller's own, on loopback. It scrapes what it is told to, evaluates rules, answers.
export { promtool } from "./packages.ts";
export type { ActiveAlert, Sample, Series } from "./query.ts";
export { type Prometheus, type PrometheusOptions, startPrometheus, type Target } from "./server.ts";
