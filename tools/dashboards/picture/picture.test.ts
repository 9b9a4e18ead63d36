import { expect, test } from "vitest";
import { dashboards } from "../dashboards.ts";
import type { Scope, Source } from "./data.ts";
import { drawDashboard } from "./picture.ts";
import { withUnit } from "./units.ts";

const range = { fromSeconds: 1_000, toSeconds: 1_010, stepSeconds: 1 };
const values = { namespace: "media", queue: "images", pool: "a & b", __rate_interval: "1m" };

/** Every query comes to one series, with a gap and what is no number in it. */
const strange: Source = {
  query: async () => [{ labels: { namespace: "media", pool: "<b>", job: "<b>" }, value: 3 }],
  queryRange: async () => [
    {
      labels: { pod: "<b>", reason: "<b>" },
      points: [
        [1_000, 1],
        [1_001, Number.NaN],
        [1_002, 5],
        [1_009, 2],
      ],
    },
  ],
};
const silent: Source = { query: async () => [], queryRange: async () => [] };

const cases = Object.entries(dashboards()).flatMap(([name, dashboard]) =>
  Object.entries({ strange, silent }).map(([kind, source]) => ({ name, dashboard, kind, source })),
);

test.for(cases)("the $name dashboard is drawn of $kind data", async ({ dashboard, source }) => {
  const scope: Scope = { source, range, values };
  const picture = await drawDashboard(dashboard, scope);
  expect(picture).toContain(`>${dashboard.title}</text>`);
  expect(picture).not.toMatch(/NaN|undefined|<b>|Infinity/);
});

test("values are written as short as can be", () => {
  const written = [
    withUnit(0.0042, "s"),
    withUnit(90, "s"),
    withUnit(600, "s"),
    withUnit(0.5, "percentunit"),
    withUnit(12.345, "ops"),
    withUnit(3 * 2 ** 20, "bytes"),
    withUnit(12_345),
    withUnit(Number.NaN),
  ];
  expect(written).toEqual(["4.2 ms", "90 s", "10 min", "50 %", "12.3/s", "3 MiB", "12.3 k", "–"]);
});
