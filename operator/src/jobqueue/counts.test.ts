import { expect, test } from "vitest";
import { countJobs } from "./counts.ts";

const totals = new Map([
  ["shop.mail", { ready: 5, unacked: 2, deadLettering: 1 }],
  ["shop.mail.express", { ready: 10, unacked: 3, deadLettering: 0 }],
  ["shop.mail.returns", { ready: 20, unacked: 4, deadLettering: 2 }],
  // Somebody looks at one of them.
  ["shop.mail.dead", { ready: 29, unacked: 1, deadLettering: 0 }],
  ["shop.mails", { ready: 1000, unacked: 1000, deadLettering: 1000 }],
]);

test("a JobQueue's jobs are those of its lanes and what came back too, and dead is also what is yet to be moved there", () => {
  expect(countJobs(totals, "shop.mail", ["express", "new"])).toEqual({ waiting: 35, running: 9, dead: 33 });
  expect(countJobs(totals, "shop.new", [])).toEqual({ waiting: 0, running: 0, dead: 0 });
});
