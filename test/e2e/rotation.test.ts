import { expect, test } from "vitest";
import { manage } from "../broker/index.ts";
import { nap } from "./handlers/jobs.ts";
import { kubectl } from "./kubectl.ts";
import { until } from "./until.ts";
import { createWorkspace, name } from "./workspace.ts";

test("credentials are rotated mid-work: nothing is lost, nothing is repeated, and the workers' user before is gone", async () => {
  const workspace = await createWorkspace("rotation");
  const { recorder, namespace, broker } = workspace;
  await workspace.applyQueue();
  await workspace.applyPool({ replicas: 3, scaling: { mode: "Manual" } });
  await workspace.workersReady(3);
  const before = new Set((await workspace.pods()).map(({ metadata }) => metadata.name));
  const old = await workspace.producer();
  const naps = Array.from({ length: 24 }, (_, n) => ({ ms: 1_500 + 100 * n }));
  const jobs = await Promise.all(naps.slice(0, 16).map((input) => old.enqueue(nap, input)));
  await until("three workers are busy", () => recorder.running().length === 3);

  const annotation = "jobwright.dev/rotate-credentials=after-the-leak";
  await kubectl("annotate", "jobqueue", name, "-n", namespace, annotation);
  await kubectl("annotate", "workerpool", name, "-n", namespace, annotation);

  await until(
    "the producer has a new user",
    async () => (await workspace.jobQueue())?.status?.rotationRequest === "after-the-leak",
  );
  // Both are good during the overlap.
  const next = await workspace.producer();
  jobs.push(...(await Promise.all(naps.slice(16, 20).map((input) => old.enqueue(nap, input)))));
  jobs.push(...(await Promise.all(naps.slice(20).map((input) => next.enqueue(nap, input)))));

  await until("no worker of the user before is left", async () =>
    (await workspace.pods()).every(({ metadata }) => !before.has(metadata.name)),
  );
  await until("all jobs are finished", () => recorder.unfinished(jobs).length === 0);
  await workspace.workersReady(3);
  const user = `${namespace}.${name}.worker`;
  await until("the workers' user before is gone", async () => {
    const users = (await manage(broker, "GET", "/api/users")) as { name: string }[];
    return users.some((one) => one.name === `${user}_2`) && !users.some((one) => one.name === user);
  });
  expect(recorder.repeated()).toEqual([]);
  expect(recorder.runs().filter(({ ending }) => ending === "finished")).toHaveLength(jobs.length);
  // Old and new workers took part, or nothing was rotated mid-work.
  expect(new Set(recorder.runs().map(({ pod }) => before.has(pod)))).toEqual(new Set([true, false]));
});
