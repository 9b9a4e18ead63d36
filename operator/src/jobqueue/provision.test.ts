import { expect, test } from "vitest";
import { jobQueue } from "../api/job-queue.ts";
import type { JobQueue } from "../api/objects.ts";
import { defaultSettings } from "../broker/settings.ts";
import { onBroker } from "./provision.ts";

test("a JobQueue that leaves all to the defaults asks for what the shared policies say", () => {
  const metadata = { name: "mail", namespace: "post", uid: "1", generation: 1, creationTimestamp: "" };
  const spec = jobQueue.spec.parse({});
  const stored: JobQueue = { apiVersion: "jobwright.dev/v1alpha1", kind: "JobQueue", metadata, spec };
  expect(onBroker(stored, "post.mail")).toMatchObject({ name: "post.mail", ...defaultSettings });
});
