// How GitOps tools see objects, by their own code: kstatus (Flux, kpt) and Argo CD's Lua with the checks in gitops/argocd/.
import { join } from "node:path";
import { run } from "../cluster/command.ts";
import { buildPrograms, builtProgram, type GoBuild } from "../cluster/go-build.ts";
import { withLock } from "../cluster/lock.ts";
import { cachePath } from "../cluster/paths.ts";

/** The folder with Argo CD's checks: `<group>/<kind>/health.lua`. */
export const argoChecks = join(import.meta.dirname, "../../gitops/argocd");

export interface Verdict {
  readonly kstatus: {
    readonly status: "Current" | "InProgress" | "Failed" | "Terminating" | "NotFound" | "Unknown";
    readonly message: string;
  };
  readonly argocd: {
    readonly status: "Healthy" | "Suspended" | "Progressing" | "Degraded";
    readonly message: string;
  };
}

const health: GoBuild = {
  name: "health",
  source: join(import.meta.dirname, "../cluster/go/health"),
  module: "sigs.k8s.io/cli-utils",
  programs: { health: "." },
  ldflags: () => "",
  expectation: "about two minutes, once",
};

/** Must have run once before {@link judge}. */
export function buildHealth(): Promise<void> {
  return withLock(cachePath("health.lock"), "another build of this", () => buildPrograms(health));
}

/** What both tools make of each of these objects, in order. */
export async function judge(objects: readonly object[]): Promise<Verdict[]> {
  const input = objects.map((object) => JSON.stringify(object)).join("\n");
  const output = await run(builtProgram(health, "health"), [argoChecks], { input });
  return output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}
