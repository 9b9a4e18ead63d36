import { z } from "zod";
import { readableVersion } from "./version.ts";

/**
 * What the operator may tell a worker:
 * - `Cordon`: take no more jobs, hand back what has not started, finish what runs.
 * - `Uncordon`: take jobs again.
 * Both may be repeated without harm.
 */
export const command = z.object({
  version: readableVersion,
  type: z.enum(["Cordon", "Uncordon"]),
});
export type Command = z.infer<typeof command>;
