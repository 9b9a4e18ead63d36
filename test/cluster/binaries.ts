// Programs built from Go modules with the ordinary go command. (controller-runtime's setup-envtest would fetch some of
// them ready-made, but only three of the seven, and from a place that closed networks do not reach.)
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run, tryRun } from "./command.ts";
import { findProgram } from "./packages.ts";
import { cachePath } from "./paths.ts";
import { slowStep } from "./progress.ts";

interface GoBuild {
  /** Folder under test/cluster/go with the go.mod that pins every version. */
  folder: string;
  /** The module whose version names the result. */
  module: string;
  /** Program name → package. */
  programs: Record<string, string>;
  ldflags(version: string): string;
  expectation: string;
}

const kubernetes: GoBuild = {
  folder: "kubernetes",
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
  folder: "helm",
  module: "helm.sh/helm/v3",
  programs: { helm: "helm.sh/helm/v3/cmd/helm" },
  ldflags: (version) => `-X helm.sh/helm/v3/internal/version.version=${version}`,
  expectation: "about a minute, once",
};
const coredns: GoBuild = {
  folder: "coredns",
  module: "github.com/coredns/coredns",
  programs: { coredns: "." },
  ldflags: () => "",
  expectation: "about a minute, once",
};
const pause: GoBuild = {
  folder: "pause",
  module: "jobwright.local/pause",
  programs: { pause: "." },
  ldflags: () => "",
  expectation: "a few seconds, once",
};
const builds = [kubernetes, helm, coredns, pause];

/** The version that a go.mod requires of a module, or `v1` for the go.mod's own module. */
export function moduleVersion(goMod: string, module: string): string {
  for (const line of goMod.split("\n")) {
    const [name, version] = line
      .replace(/^\s*require\s/, "")
      .trim()
      .split(/\s+/);
    if (name === module && version?.startsWith("v")) return version;
  }
  if (goMod.includes(`module ${module}\n`)) return "v1";
  throw new Error(`go.mod requires no version of ${module}`);
}

const sourceFolder = (build: GoBuild) => join(import.meta.dirname, "go", build.folder);

function versionOf(build: GoBuild): string {
  return moduleVersion(readFileSync(join(sourceFolder(build), "go.mod"), "utf8"), build.module);
}

const cacheFolder = (build: GoBuild) => cachePath(`${build.folder}-${versionOf(build)}`);

export const kubernetesVersion = versionOf(kubernetes);
export const corednsVersion = versionOf(coredns);

/** The path of a built program. It exists after {@link buildBinaries}. */
export function binary(name: string): string {
  const build = builds.find((candidate) => name in candidate.programs);
  if (build === undefined) throw new Error(`no Go program named ${name} is built here`);
  return given(name) ?? join(cacheFolder(build), name);
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

/** Builds every program that is in neither KUBEBUILDER_ASSETS nor the cache. */
export async function buildBinaries(): Promise<void> {
  await findGiven();
  for (const build of builds) {
    const missing = Object.keys(build.programs).filter((name) => !existsSync(binary(name)));
    if (missing.length > 0) {
      await slowStep(`Building ${missing.join(", ")} ${versionOf(build)} from source (${build.expectation})`, () =>
        compile(build, missing),
      );
    }
  }
}

async function compile(build: GoBuild, missing: string[]): Promise<void> {
  const go = findProgram("go");
  if (go === undefined) {
    throw new Error(
      `Go is needed to build ${missing.join(", ")}, and \`go\` is not in PATH. Install Go 1.24 or newer ` +
        "(Debian: golang-1.24-go from backports), then run the same command again.",
    );
  }
  const target = cacheFolder(build);
  const partial = `${target}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  mkdirSync(target, { recursive: true });
  const packages = missing.map((name) => build.programs[name] ?? ".");
  await run(
    go,
    ["build", "-trimpath", "-ldflags", `-s -w ${build.ldflags(versionOf(build))}`, "-o", `${partial}/`, ...packages],
    {
      cwd: sourceFolder(build),
      env: { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly -buildvcs=false" },
    },
  );
  // A build that was interrupted must not look finished: each program appears under its final name complete.
  for (const name of missing) renameSync(join(partial, name), join(target, name));
  rmSync(partial, { recursive: true, force: true });
}
