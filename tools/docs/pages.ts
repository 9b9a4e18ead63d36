import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const repositoryRoot = fileURLToPath(new URL("../..", import.meta.url));

export interface Page {
  /** Path from the repository's root, such as `docs/worker/testing.md`. */
  readonly path: string;
  readonly text: string;
}

/** Every page that a reader gets: the README and all of docs/. */
export function readPages(): Page[] {
  const docs = readdirSync(join(repositoryRoot, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name));
  return ["README.md", "CONTRIBUTING.md", ...docs.sort()].map((path) => ({
    path,
    text: readFileSync(join(repositoryRoot, path), "utf8"),
  }));
}

/** The fenced blocks of `language`, and the comments `<!-- language … -->`, which are blocks that a reader does not see. */
export function blocks(text: string, language: string): string[] {
  const fenced = `^\`\`\`${language}\\n(?<shown>[\\s\\S]*?)^\`\`\`$`;
  const hidden = `^<!-- ${language}\\n(?<hidden>[\\s\\S]*?)^-->$`;
  return [...text.matchAll(new RegExp(`${fenced}|${hidden}`, "gm"))].map(
    ({ groups }) => groups?.shown ?? groups?.hidden ?? "",
  );
}
