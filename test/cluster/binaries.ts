// The programs that the cluster is made of. (controller-runtime's setup-envtest would fetch some of them ready-made, but
// only three of the seven, and from a place that closed networks do not reach.)
import { existsSync } from "node:fs";
import { join } from "node:path";
import { tryRun } from "./command.ts";
import { buildPrograms, builtProgram, type GoBuild, versionOf } from "./go-build.ts";

const source = (folder: string) => join(import.meta.dirname, "go", folder);

const kubernetes: GoBuild = {
  name: "kubernetes",
  source: source("kubernetes"),
  module: "k8s.io/kubernetes",
  programs: Object.fromEntries(
    ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl"].map((name) => [
      name,
      `k8s.io/kubernetes/cmd/${name}`,
    ]),
  ),
  ldflags: (version) => {
    const [major, minor] = version.slice(1).split(".");
    const variable = (name: string, value: string) => `-X k8s.io/component-base/version.${name}=${value}`;
    return [variable("gitVersion", version), variable("gitMajor", major ?? ""), variable("gitMinor", minor ?? "")].join(
      " ",
    );
  },
  expectation: "about 5 minutes on two cores, once",
};
const helm: GoBuild = {
  name: "helm",
  source: source("helm"),
  module: "helm.sh/helm/v3",
  programs: { helm: "helm.sh/helm/v3/cmd/helm" },
  ldflags: (version) => `-X helm.sh/helm/v3/internal/version.version=${version}`,
  expectation: "about a minute, once",
};
const coredns: GoBuild = {
  name: "coredns",
  source: source("coredns"),
  module: "github.com/coredns/coredns",
  programs: { coredns: "." },
  ldflags: () => "",
  expectation: "about a minute, once",
};
const pause: GoBuild = {
  name: "pause",
  source: source("pause"),
  module: "jobwright.local/pause",
  programs: { pause: "." },
  ldflags: () => "",
  expectation: "a few seconds, once",
};
const builds = [kubernetes, helm, coredns, pause];

export const kubernetesVersion = versionOf(kubernetes);
export const corednsVersion = versionOf(coredns);

/** The path of a built program. It exists after {@link buildBinaries} or {@link buildBinary}. */
export function binary(name: string): string {
  return given(name) ?? builtProgram(buildOf(name), name);
}

function buildOf(name: string): GoBuild {
  const build = builds.find((candidate) => name in candidate.programs);
  if (build === undefined) throw new Error(`no Go program named ${name} is built here`);
  return build;
}

/** A program the user has in KUBEBUILDER_ASSETS, if {@link buildBinaries} found it to be of the right version. */
function given(name: string): string | undefined {
  return givenPrograms.get(name);
}
const givenPrograms = new Map<string, string>();

async function findGiven(): Promise<void> {
  const assets = process.env.KUBEBUILDER_ASSETS;
  if (assets === undefined) return;
  const minor = kubernetesVersion.split(".").slice(0, 2).join(".");
  for (const name of ["kube-apiserver", "kubectl"]) {
    const path = join(assets, name);
    const args = name === "kubectl" ? ["version", "--client"] : ["--version"];
    const version = existsSync(path) ? await tryRun(path, args) : undefined;
    if (version?.includes(`${minor}.`)) givenPrograms.set(name, path);
  }
}

/** Whether every program is there, so that Go is not needed. */
export function binariesReady(): boolean {
  return builds.every((build) => Object.keys(build.programs).every((name) => existsSync(binary(name))));
}

/** Builds one program that is not in the cache, for what needs no cluster. */
export async function buildBinary(name: string): Promise<void> {
  await buildPrograms(buildOf(name), [name]);
}

/** Builds every program that is in neither KUBEBUILDER_ASSETS nor the cache. */
export async function buildBinaries(): Promise<void> {
  await findGiven();
  for (const build of builds) {
    await buildPrograms(
      build,
      Object.keys(build.programs).filter((name) => given(name) === undefined),
    );
  }
}
