import type { Subject } from "../subject.ts";

/** As many workers as there may ever be, all the time: what waits under it, no scaling can save. */
export const fixedMax: Subject = {
  name: "fixed-max",
  config: "maxReplicas all the time",
  graceMs: 30_000,
  warm: ({ settings }) => settings.maxReplicas,
  begin() {},
};
