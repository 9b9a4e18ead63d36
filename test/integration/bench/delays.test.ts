import { expect, it } from "vitest";
import { runDelays } from "../../../bench/delays/run-delays.ts";

it("of 2,000 delays from a second to an hour none is lost and none early, though the broker is killed", {
  timeout: 240_000,
}, async () => {
  const { all, hastened, restarts } = await runDelays({
    jobs: 2_000,
    longestRealSeconds: 5,
    shortestSeconds: 60,
    longestSeconds: 3_600,
    rate: 200,
    kills: 1,
    seed: 7,
    say: () => {},
  });
  expect(all).toMatchObject({ jobs: 2_000, lost: 0, early: 0 });
  expect(hastened.jobs).toBe(1_600);
  expect(restarts).toBe(3);
});
