import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildah, localImageId } from "./buildah.ts";
import { contextHash } from "./context-hash.ts";
import { externalKubeconfig } from "./external.ts";
import { ensureNodeImage } from "./image-base.ts";
import { deliverImage } from "./image-delivery.ts";
import { isImported } from "./image-import.ts";
import { localReference } from "./image-reference.ts";
import { statePath } from "./paths.ts";
import { report, slowStep } from "./progress.ts";

/** What to build, as for `docker build`. */
export interface ImageBuild {
  /** The context folder. */
  context: string;
  /** The Dockerfile, relative to the context. Default: `Dockerfile`. */
  file?: string;
  /** The stage to stop at. Default: the last one. */
  target?: string;
  /** The image's name; `localhost/` is put before it when it names no host, so that nothing tries to pull it. */
  tag: string;
  buildArguments?: Record<string, string>;
  /** Called with buildah's output as it comes. */
  onOutput?: (text: string) => void;
}

export interface BuiltImage {
  /** What a pod's `image` must say. */
  reference: string;
  /** False when nothing had changed since the last build. */
  built: boolean;
}

/**
 * Builds an image and hands it to the cluster's containerd. Passes NODE_IMAGE, a local stand-in for the official Node
 * image, unless the caller passes one. Does nothing when neither the context nor the arguments nor the images they name
 * have changed.
 */
export async function buildImage(build: ImageBuild): Promise<BuiltImage> {
  const startedAt = Date.now();
  const reference = localReference(build.tag);
  const buildArguments = { NODE_IMAGE: await nodeImage(build), ...build.buildArguments };
  const key = await buildKey(build, buildArguments);
  const stampPath = statePath("images", `${createHash("sha256").update(reference).digest("hex").slice(0, 16)}.json`);
  if (readStamp(stampPath) === key && (await isDelivered(reference))) {
    report(`${reference} is up to date`, Date.now() - startedAt);
    return { reference, built: false };
  }
  // From here on the name may mean the new image: after a failure the old stamp would call it up to date.
  rmSync(stampPath, { force: true });
  await slowStep(`Building ${reference}`, async () => {
    const context = resolve(build.context);
    await buildah(
      [
        "build",
        "--layers",
        // The same files make the same image, whenever it is built.
        `--timestamp=${process.env.SOURCE_DATE_EPOCH ?? 0}`,
        `--file=${join(context, build.file ?? "Dockerfile")}`,
        ...(build.target === undefined ? [] : [`--target=${build.target}`]),
        ...Object.entries(buildArguments).map(([name, value]) => `--build-arg=${name}=${value}`),
        `--tag=${reference}`,
        context,
      ],
      build.onOutput === undefined ? {} : { onOutput: build.onOutput },
    );
    await deliver(reference);
  });
  mkdirSync(statePath("images"), { recursive: true });
  writeFileSync(stampPath, JSON.stringify({ key }));
  return { reference, built: true };
}

function nodeImage(build: ImageBuild): Promise<string> {
  const given = build.buildArguments?.NODE_IMAGE;
  return given === undefined ? ensureNodeImage() : Promise.resolve(given);
}

/** Everything the image depends on. An argument that names a local image counts by that image's content. */
async function buildKey(build: ImageBuild, buildArguments: Record<string, string>): Promise<string> {
  const names = Object.values(buildArguments);
  const imageIds = await Promise.all(names.map((name) => localImageId(name)));
  return createHash("sha256")
    .update(JSON.stringify([contextHash(resolve(build.context)), build.file, build.target, buildArguments, imageIds]))
    .update(readFileSync(join(build.context, build.file ?? "Dockerfile")))
    .digest("hex");
}

function readStamp(path: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(path, "utf8")) as { key: string }).key;
  } catch {
    return undefined;
  }
}

async function isDelivered(reference: string): Promise<boolean> {
  return externalKubeconfig() === undefined ? isImported(reference) : existsSync(archivePath(reference));
}

function archivePath(reference: string): string {
  return statePath("images", `${reference.replaceAll(/[/:]/g, "_")}.tar`);
}

async function deliver(reference: string): Promise<void> {
  if (externalKubeconfig() === undefined) {
    await deliverImage(reference);
    return;
  }
  const archive = archivePath(reference);
  mkdirSync(statePath("images"), { recursive: true });
  rmSync(archive, { force: true });
  await buildah(["push", reference, `docker-archive:${archive}:${reference}`]);
  report(`KUBECONFIG names another cluster: load ${archive} into its nodes, for kind with: kind load image-archive`);
}
