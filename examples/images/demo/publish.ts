import { createProducer, defineJob } from "@jobwright/worker-runtime";
import { type Binding, binding } from "@jobwright/worker-runtime/contract";
import { z } from "zod";
import { resize } from "../worker/jobs.ts";
import type { Input } from "./inputs.ts";
import { type Kube, read } from "./kubectl.ts";

/** The producer's Secret, as an application would mount it. */
export async function readBinding(kube: Kube, namespace: string, name: string): Promise<Binding> {
  const secret = await read<{ data: Record<string, string> }>(kube, `/api/v1/namespaces/${namespace}/secrets/${name}`);
  const data = Object.entries(secret?.data ?? {});
  return binding.parse(Object.fromEntries(data.map(([key, value]) => [key, Buffer.from(value, "base64").toString()])));
}

/** What came of publishing. */
export interface Published {
  /** Ids of the confirmed jobs. */
  ids: string[];
  /** Why an id is expected in the dead-letter queue, for those of broken input. */
  broken: Map<string, string>;
  /** When the broker confirmed the first, ms since the Unix epoch. */
  firstConfirmedAt: number;
}

// Our producer checks input before it sends anything. Broken input comes from elsewhere, so here it is sent unchecked.
const unchecked = defineJob({ name: resize.name, input: z.unknown(), run: () => {} });

/** Publishes jobs with the binding's credentials; resolves when the broker has confirmed them all. */
export async function publish(facts: Binding, inputs: readonly Input[]): Promise<Published> {
  await using producer = createProducer({ binding: facts });
  const broken = new Map<string, string>();
  let firstConfirmedAt = Number.POSITIVE_INFINITY;
  const ids = await Promise.all(
    inputs.map(async (job) => {
      const id = await producer.enqueue(unchecked, job.input);
      firstConfirmedAt = Math.min(firstConfirmedAt, Date.now());
      if (job.broken !== undefined) broken.set(id, job.broken);
      return id;
    }),
  );
  return { ids, broken, firstConfirmedAt };
}
