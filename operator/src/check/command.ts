import type { Settings } from "../config.ts";
import { createKubeClient, loadKubeConfig } from "../kube/index.ts";
import { outcomesOf } from "./outcomes.ts";
import { installationSteps } from "./steps.ts";

/** The API server, the first listing and the election take some seconds after an install. */
const limitMs = 60_000;

/**
 * `main.js check [url]`, which `helm test` runs with the operator's image, settings and rights: prints what works and what does
 * not, with how to mend it. @returns the exit code.
 */
export async function check(settings: Settings, leaseName: string, url?: string): Promise<number> {
  const client = createKubeClient(loadKubeConfig(), { userAgent: "jobwright-check" });
  const outcomes = await outcomesOf(installationSteps({ client, settings, leaseName, url }), limitMs);
  client.close();
  for (const { line } of outcomes) process.stdout.write(`${line}\n`);
  return outcomes.every(({ holds }) => holds) ? 0 : 1;
}
