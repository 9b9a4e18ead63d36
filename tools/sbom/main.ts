// Writes a software bill of materials (CycloneDX) for each image.
//
//   npm run sbom                 into dist/sbom/
//   npm run sbom -- --out DIR
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cyclonedx } from "./cyclonedx.ts";
import { imagesOf } from "./images.ts";
import { licenceProblems } from "./licences.ts";
import { readLock } from "./packages.ts";

const { out } = parseArgs({ options: { out: { type: "string", default: "dist/sbom" } } }).values;
const lock = readLock();
const version = lock.operator?.version ?? "";
mkdirSync(out, { recursive: true });
let problems: string[] = [];
for (const { name, packages } of await imagesOf(lock)) {
  const file = join(out, `${name}.cdx.json`);
  const description = `npm packages in Jobwright's image ${name}; Node.js and the system are the base image's`;
  writeFileSync(file, `${JSON.stringify(cyclonedx({ name, version, description }, packages), undefined, 2)}\n`);
  const licences = [...new Set(packages.map(({ licence }) => licence ?? "none"))].toSorted();
  process.stdout.write(`${file}: ${packages.length} packages, ${licences.join(", ")}\n`);
  problems = [...problems, ...licenceProblems(packages).map((problem) => `${name}: ${problem}`)];
}
process.stderr.write(problems.map((problem) => `not compatible with Apache-2.0: ${problem}\n`).join(""));
process.exit(problems.length === 0 ? 0 : 1);
