#!/usr/bin/env node
// The first thing a newcomer's command runs: plain JavaScript that works on Node 20 without node_modules. It installs
// the project's packages when package-lock.json has changed since the last install, then goes on with the TypeScript
// file it was given under the project's own Node (the `node` package), which runs TypeScript as it is.
//
//   node tools/run.mjs test/cluster/cli.ts up

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, "node_modules", ".jobwright-installed");
const wanted = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");

if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
  const started = Date.now();
  process.stderr.write("Installing npm packages (npm ci) …\n");
  const install = spawnSync("npm", ["ci", "--no-fund", "--no-audit"], {
    cwd: root,
    // stdout is left to the command itself: `eval "$(npm run -s cluster -- env)"` must see nothing else.
    stdio: ["ignore", 2, 2],
  });
  if (install.status !== 0) {
    process.stderr.write("npm ci failed: see its message above. Mend that, then run the same command again.\n");
    process.exit(install.status ?? 1);
  }
  writeFileSync(stamp, wanted);
  process.stderr.write(`Installed npm packages in ${Math.round((Date.now() - started) / 1000)} s.\n`);
}

const bin = join(root, "node_modules", ".bin");
const [script, ...args] = process.argv.slice(2);
if (script === undefined) {
  process.stderr.write("usage: node tools/run.mjs <file.ts> [arguments]\n");
  process.exit(2);
}
const child = spawn(join(bin, "node"), ["--conditions=source", join(root, script), ...args], {
  stdio: "inherit",
  env: { ...process.env, PATH: `${bin}:${process.env.PATH ?? ""}` },
});
// Ctrl-C reaches the child from the terminal as well; this process only has to outlive it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => child.kill(signal));
}
child.on("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
