import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { exampleFolders } from "./example-files.ts";
import { blocks, readPages, repositoryRoot } from "./pages.ts";

// Outside the repository, so that nothing half-written is ever taken for its source; with its packages in reach.
const root = mkdtempSync(join(tmpdir(), "jobwright-docs-"));
afterAll(() => rmSync(root, { recursive: true }));

const tests: string[] = [];
symlinkSync(join(repositoryRoot, "node_modules"), join(root, "node_modules"));
writeFileSync(join(root, "package.json"), '{ "type": "module" }');
writeFileSync(
  join(root, "tsconfig.json"),
  JSON.stringify({
    extends: join(repositoryRoot, "tsconfig.json"),
    // An example may name what it does not use.
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
    include: ["docs", "README", "CONTRIBUTING"],
  }),
);
for (const { path, text } of readPages()) {
  for (const [index, folder] of exampleFolders(blocks(text, "ts")).entries()) {
    for (const [name, source] of folder) {
      const file = join(path.replace(/\.md$/, ""), index === 0 ? "" : `${index + 1}`, name);
      mkdirSync(dirname(join(root, file)), { recursive: true });
      // A file without import or export would share its names with all others.
      writeFileSync(join(root, file), `${source}\nexport {};\n`);
      if (name.endsWith(".test.ts")) tests.push(file);
    }
  }
}

function run(command: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  // NODE_OPTIONS and the like of vitest's worker are none of the example's business.
  const env = { PATH: process.env.PATH };
  return new Promise((resolve) => {
    execFile(command, args, { cwd: root, env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, output: stdout + stderr });
    });
  });
}

describe("the examples of the docs", () => {
  it("compile against the sources", { timeout: 120_000 }, async () => {
    const tsc = join(repositoryRoot, "node_modules/typescript/bin/tsc");
    const { output } = await run(process.execPath, [tsc, "--noEmit", "-p", root, "--pretty", "false"]);
    expect(output).toBe("");
  });

  it.each(tests)("pass where they are tests: %s", { timeout: 60_000 }, async (file) => {
    const { code, output } = await run(process.execPath, ["--conditions=source", "--test", file]);
    expect(code, output).toBe(0);
    expect(output).not.toMatch(/^# pass 0$/m);
  });
});
