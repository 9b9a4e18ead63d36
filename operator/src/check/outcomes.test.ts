import { expect, test } from "vitest";
import { outcomesOf } from "./outcomes.ts";

test("what does not hold yet is looked at again; what never holds is told with its reason, beside what does", async () => {
  let looks = 0;
  const steps = [
    { what: "broker", look: () => Promise.reject(new Error("nobody listens at rabbit:5672")) },
    {
      what: "leader",
      async look() {
        looks += 1;
        if (looks < 3) throw new Error("nobody leads");
        return "operator-1";
      },
    },
  ];
  expect(await outcomesOf(steps, 100, 10)).toEqual([
    { holds: false, line: "FAILED  broker: nobody listens at rabbit:5672" },
    { holds: true, line: "ok      leader: operator-1" },
  ]);
});
