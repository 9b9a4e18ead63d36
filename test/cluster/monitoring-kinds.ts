import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { binary } from "./binaries.ts";
import { run, tryRun } from "./command.ts";
import { moduleVersion } from "./go-build.ts";
import { findProgram } from "./packages.ts";
import { cachePath } from "./paths.ts";

const source = join(import.meta.dirname, "go/prometheus-operator");
const module = "github.com/prometheus-operator/prometheus-operator";
const kinds = ["podmonitors", "prometheusrules"].map((plural) => `${plural}.monitoring.coreos.com`);

/**
 * Has the API server know PodMonitors and PrometheusRules, by the Prometheus operator's own definitions, so that what the chart
 * makes of them can be checked. A cluster that knows them keeps its own.
 */
export async function installMonitoringKinds(kubeconfig: string): Promise<void> {
  const kubectl = (...args: string[]) => run(binary("kubectl"), ["--kubeconfig", kubeconfig, ...args]);
  const definitions = kinds.map((kind) => `customresourcedefinition/${kind}`);
  const known = await tryRun(binary("kubectl"), ["--kubeconfig", kubeconfig, "get", ...definitions]);
  if (known === undefined) {
    const files = await definitionFiles();
    // Another test may do the same at this moment.
    await kubectl("apply", "--server-side", "--force-conflicts", ...files.flatMap((file) => ["-f", file]));
  }
  await kubectl("wait", ...definitions, "--for=condition=Established", "--timeout=30s");
}

/** The definitions come with the operator's Go module, and are kept in the cache. */
async function definitionFiles(): Promise<string[]> {
  const folder = cachePath(
    `prometheus-operator-${moduleVersion(readFileSync(join(source, "go.mod"), "utf8"), module)}`,
  );
  const names = kinds.map((kind) => `monitoring.coreos.com_${kind.split(".")[0]}.yaml`);
  const missing = names.filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) {
    const go = findProgram("go");
    if (go === undefined)
      throw new Error("Go is needed to fetch the Prometheus operator's definitions, and `go` is not in PATH.");
    const answer = await run(go, ["mod", "download", "-json", module], {
      cwd: source,
      env: { GOFLAGS: "-mod=readonly" },
    });
    const { Dir } = JSON.parse(answer) as { Dir: string };
    mkdirSync(folder, { recursive: true });
    for (const name of missing) copyFileSync(join(Dir, "example/prometheus-operator-crd", name), join(folder, name));
  }
  return names.map((name) => join(folder, name));
}
