import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A package as the lock file has it. */
export interface Package {
  /** Where npm puts it: `node_modules/pino`. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly licence: string | undefined;
  /** Subresource integrity of what the registry gave: `sha512-…`. */
  readonly integrity: string | undefined;
}

/** An entry of package-lock.json's `packages`, as far as this looks. */
export interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  /** Nothing but development needs it, in any workspace. */
  readonly dev?: boolean;
}
export type Lock = Readonly<Record<string, Locked>>;

const folder = "node_modules/";

export function readLock(): Lock {
  return JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
}

/** @throws Error if the lock file has no such package. */
export function packageAt(lock: Lock, path: string): Package {
  const { version, license, integrity } = lock[path] ?? {};
  if (version === undefined) throw new Error(`package-lock.json has nothing at ${path}: npm install, and npm run lock`);
  const name = path.slice(path.lastIndexOf(folder) + folder.length);
  return { path, name, version, licence: license, integrity };
}

/** Where Node finds the package `name` when `from` (a folder of the lock file) asks for it; undefined if it is not there. */
function resolve(lock: Lock, from: string, name: string): string | undefined {
  for (let at = from; ; at = at.includes("/") ? at.slice(0, at.lastIndexOf("/")) : "") {
    const path = at === "" ? `${folder}${name}` : `${at}/${folder}${name}`;
    if (path in lock) return path;
    if (at === "") return undefined;
  }
}

/**
 * What `npm ci --workspace <workspace> --omit=dev` installs: all that the workspace needs to run, and what that needs; and, as npm
 * goes by the whole lock file, what it needs for development alone if another workspace needs it to run.
 */
export function installed(lock: Lock, workspace: string): Package[] {
  const found = new Set<string>();
  function visit(at: string): void {
    const { dependencies = {}, optionalDependencies = {} } = lock[at] ?? {};
    const developers = at === workspace ? (lock[at]?.devDependencies ?? {}) : {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...developers })) {
      const path = resolve(lock, at, name);
      if (path === undefined || found.has(path) || lock[path]?.dev === true) continue;
      found.add(path);
      visit(path);
    }
  }
  visit(workspace);
  return [...found].toSorted().map((path) => packageAt(lock, path));
}

/** The packages that files of a bundle are from, by the paths that esbuild's metafile has. */
export function bundled(lock: Lock, files: readonly string[]): Package[] {
  const paths = files.flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
  return [...new Set(paths)].toSorted().map((path) => packageAt(lock, path));
}
