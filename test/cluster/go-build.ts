// Programs built from Go modules with the ordinary go command, kept in the cache by version.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { run } from "./command.ts";
import { findProgram } from "./packages.ts";
import { cachePath } from "./paths.ts";
import { slowStep } from "./progress.ts";

export interface GoBuild {
  /** Names the folder in the cache. */
  name: string;
  /** Folder with the go.mod that pins every version. */
  source: string;
  /** The module whose version names the result. */
  module: string;
  /** Program name → package. */
  programs: Record<string, string>;
  ldflags(version: string): string;
  expectation: string;
}

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

/** The version that is built. */
export function versionOf(build: GoBuild): string {
  return moduleVersion(readFileSync(join(build.source, "go.mod"), "utf8"), build.module);
}

const cacheFolder = (build: GoBuild) => cachePath(`${build.name}-${versionOf(build)}`);

/** Where a build's program is, once it is built. */
export const builtProgram = (build: GoBuild, program: string) => join(cacheFolder(build), program);

/** Builds the programs of `build` that are wanted; all of them unless said otherwise. */
export async function buildPrograms(build: GoBuild, wanted = Object.keys(build.programs)): Promise<void> {
  const missing = wanted.filter((name) => !existsSync(builtProgram(build, name)));
  if (missing.length === 0) return;
  await slowStep(`Building ${missing.join(", ")} ${versionOf(build)} from source (${build.expectation})`, () =>
    compile(build, missing),
  );
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
  // The go command names a program for its package's folder.
  const builtAs = (name: string) => (build.programs[name] === "." ? name : basename(build.programs[name] ?? name));
  await run(
    go,
    ["build", "-trimpath", "-ldflags", `-s -w ${build.ldflags(versionOf(build))}`, "-o", `${partial}/`, ...packages],
    {
      cwd: build.source,
      env: { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly -buildvcs=false" },
    },
  );
  // A build that was interrupted must not look finished: each program appears under its final name complete.
  for (const name of missing) renameSync(join(partial, builtAs(name)), join(target, name));
  rmSync(partial, { recursive: true, force: true });
}
