import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildah } from "./buildah.ts";
import { CommandError, run } from "./command.ts";
import { ctrArguments } from "./containerd.ts";
import { importImage } from "./image-import.ts";
import { program } from "./packages.ts";
import { cachePath, statePath } from "./paths.ts";

interface Descriptor {
  digest: string;
  size: number;
}

/**
 * Copies an image from buildah's storage to containerd. Most of an image is layers that containerd has from the build
 * before, so only the others are written out and read in again.
 */
export async function deliverImage(reference: string): Promise<void> {
  const layout = layoutFolder(reference);
  mkdirSync(layout, { recursive: true });
  // Into a folder that is kept: buildah leaves out the layers that lie there already.
  await buildah(["push", reference, `oci:${layout}:${reference}`]);
  forgetEarlier(layout, reference);
  const blobs = referencedBlobs(layout);
  dropOthers(layout, blobs);
  const present = new Set((await run(program("ctr"), ctrArguments("content", "list", "--quiet"))).split("\n"));
  const missing = [...blobs.layers].filter((digest) => !present.has(digest));
  const archive = statePath("images", `${folderName(reference)}.tar`);
  mkdirSync(statePath("images"), { recursive: true });
  async function importWith(layers: Iterable<string>): Promise<void> {
    const files = [...blobs.descriptions, ...layers].map((digest) => blobPath(digest));
    await run("tar", ["--create", `--file=${archive}`, `--directory=${layout}`, "oci-layout", "index.json", ...files]);
    await importImage(archive);
  }
  try {
    await importWith(missing);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    // Seen: containerd clears away a layer of the image that had the name before, just as it is to be built upon.
    await importWith(blobs.layers);
  } finally {
    rmSync(archive, { force: true });
  }
}

/** What somebody pulls who has nothing of the image: its compressed layers, in bytes. Of the last build that was delivered. */
export function deliveredBytes(reference: string): number {
  return manifestsOf(layoutFolder(reference))
    .flatMap(({ layers }) => layers)
    .reduce((sum, { size }) => sum + size, 0);
}

const folderName = (reference: string) => createHash("sha256").update(reference).digest("hex").slice(0, 16);
const layoutFolder = (reference: string) => cachePath("images", "layouts", folderName(reference));
const blobPath = (digest: string) => join("blobs", ...digest.split(":"));

/** buildah leaves the image that had the name before in the index, without a name. */
function forgetEarlier(layout: string, reference: string): void {
  const path = join(layout, "index.json");
  const index = JSON.parse(readFileSync(path, "utf8")) as { manifests: { annotations?: Record<string, string> }[] };
  const manifests = index.manifests.filter(
    ({ annotations }) => annotations?.["org.opencontainers.image.ref.name"] === reference,
  );
  writeFileSync(path, JSON.stringify({ ...index, manifests }));
}

interface Manifest {
  digest: string;
  config: Descriptor;
  layers: Descriptor[];
}

function manifestsOf(layout: string): Manifest[] {
  const read = (path: string) => JSON.parse(readFileSync(join(layout, path), "utf8"));
  const { manifests } = read("index.json") as { manifests: Descriptor[] };
  return manifests.map(({ digest }) => ({ ...read(blobPath(digest)), digest }));
}

/** What the layout's index leads to: manifests and configurations, which are small, and layers. */
function referencedBlobs(layout: string): { descriptions: Set<string>; layers: Set<string> } {
  const descriptions = new Set<string>();
  const layers = new Set<string>();
  for (const { digest, config, layers: ofImage } of manifestsOf(layout)) {
    descriptions.add(digest).add(config.digest);
    for (const layer of ofImage) layers.add(layer.digest);
  }
  return { descriptions, layers };
}

function dropOthers(layout: string, { descriptions, layers }: ReturnType<typeof referencedBlobs>): void {
  for (const name of readdirSync(join(layout, "blobs", "sha256"))) {
    const digest = `sha256:${name}`;
    if (!descriptions.has(digest) && !layers.has(digest)) rmSync(join(layout, blobPath(digest)));
  }
}
