import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type IgnoreRule, isIgnored, parseIgnoreFile } from "./ignore-file.ts";

/** A digest of every file that a build in this folder can see: same digest, same image. */
export function contextHash(context: string): string {
  const ignoreFile = join(context, ".dockerignore");
  const rules = existsSync(ignoreFile) ? parseIgnoreFile(readFileSync(ignoreFile, "utf8")) : [];
  const hash = createHash("sha256");
  for (const path of listFiles(context, "", rules)) {
    const full = join(context, path);
    hash.update(`${path}\0`);
    hash.update(`${statSync(full).mode}\0`);
    hash.update(createHash("sha256").update(readFileSync(full)).digest());
  }
  return hash.digest("hex");
}

function listFiles(context: string, folder: string, rules: readonly IgnoreRule[]): string[] {
  return readdirSync(join(context, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      // Never part of a build, and by far the most files: not worth a look at each.
      if (path === ".git" || (entry.name === "node_modules" && isIgnored(path, rules))) return [];
      if (entry.isDirectory()) return listFiles(context, path, rules);
      if (isIgnored(path, rules)) return [];
      // A link to a folder or into nowhere has no content of its own.
      return statSync(join(context, path), { throwIfNoEntry: false })?.isFile() === true ? [path] : [];
    });
}
