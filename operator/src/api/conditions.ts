import { z } from "zod";

/** `metav1.Condition`, as every kind's status carries them. */
const condition = z.object({
  type: z.string().describe("What the condition is about."),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
  reason: z.string().describe("One word for why, stable enough for programs."),
  message: z.string().describe("The same for people: what was found and what to do."),
  observedGeneration: z.int().optional().describe("The metadata.generation that the condition speaks of."),
  lastTransitionTime: z.iso.datetime().describe("When the status last changed."),
});

/** The list of conditions, merged by type under server-side apply. */
export const conditions = z
  .array(condition)
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
  .describe("Ready; Reconciling while at work; Stalled when only the user can mend it.");

/**
 * What an object's status says before an operator has looked at it. The API server fills it in: without a status, kstatus and
 * `kubectl wait` would take an object that was just applied for one that is done.
 */
export const unobserved = {
  observedGeneration: -1,
  conditions: [
    {
      type: "Ready",
      status: "Unknown",
      reason: "Pending",
      message: "no operator has looked at it yet: if this stays, see whether one runs and watches this namespace",
      lastTransitionTime: "1970-01-01T00:00:00Z",
    },
  ],
} satisfies { observedGeneration: number; conditions: z.infer<typeof condition>[] };

/** The `metadata.generation` that a status speaks of. */
export const observedGeneration = z
  .int()
  .optional()
  .describe("The metadata.generation that this status speaks of; -1 before an operator has looked.");
