import { matchesGlob } from "node:path";

/** One line of a .dockerignore: later rules win over earlier ones. */
export interface IgnoreRule {
  pattern: string;
  /** A line that starts with `!` takes a file back in. */
  included: boolean;
}

/** Reads a .dockerignore. */
export function parseIgnoreFile(text: string): IgnoreRule[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const included = line.startsWith("!");
      return { pattern: line.slice(included ? 1 : 0).replace(/^\/+|\/+$/g, ""), included };
    });
}

/**
 * Whether a build sees a file.
 * @param path relative to the context, with "/" between its parts. A rule that matches one of the folders it is in
 * decides on it too.
 */
export function isIgnored(path: string, rules: readonly IgnoreRule[]): boolean {
  const parts = path.split("/");
  const ancestry = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
  const rule = rules.findLast(({ pattern }) => ancestry.some((name) => matchesGlob(name, pattern)));
  return rule !== undefined && !rule.included;
}
