import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

export const root = join(import.meta.dirname, "..");

/** Whether a file is not there, or says something else. */
export function isStale(path: string, text: string): boolean {
  try {
    return readFileSync(path, "utf8") !== text;
  } catch {
    return true;
  }
}

/**
 * Writes those of the repository's generated files that are stale. With `--check` on the command line it writes nothing, and ends the
 * process with 1 if there are any.
 *
 * @param files text by path.
 * @param source what they are written from, and its verb: "the registries say".
 * @param upToDate the files and their verb: "Dashboards are".
 */
export function keepGenerated(
  files: ReadonlyMap<string, string>,
  { source, command, upToDate }: { readonly source: string; readonly command: string; readonly upToDate: string },
): void {
  const stale = [...files].filter(([path, text]) => isStale(path, text));
  const names = stale.map(([path]) => relative(root, path)).join(", ");
  if (process.argv.includes("--check") && stale.length > 0) {
    process.stderr.write(`Not what ${source}: ${names}. Run \`npm run ${command}\` and commit.\n`);
    process.exit(1);
  }
  for (const [path, text] of stale) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  process.stdout.write(stale.length === 0 ? `${upToDate} up to date.\n` : `Wrote ${names}.\n`);
}
