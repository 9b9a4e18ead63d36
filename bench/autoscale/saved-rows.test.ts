import { expect, test } from "vitest";
import { rowsIn } from "./saved-rows.ts";

test("the rows of several runs are found among whatever else was printed", () => {
  const row = (trace: string) => ({ subject: "jobwright", config: "targetWait 5s", trace, waitP95Ms: 4_000 });
  const printed = [
    "single (one job of 500 ms): jobwright, targetWait 5s …",
    JSON.stringify(row("single")),
    "subject    config",
    '{"bench":"autoscale","lost":0}',
    "{broken off",
    JSON.stringify(row("burst")),
  ];
  expect(rowsIn(printed.join("\n"))).toEqual([row("single"), row("burst")]);
});
