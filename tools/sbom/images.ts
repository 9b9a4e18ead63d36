import { fileURLToPath } from "node:url";
import { bundledFiles } from "../../operator/bundle.ts";
import { bundled, installed, type Lock, type Package } from "./packages.ts";

/** An image that the Dockerfile makes, and the npm packages in it. */
export interface Image {
  readonly name: string;
  readonly packages: readonly Package[];
}

/** What is in the two images, from what makes them: the operator's bundle itself, and the worker runtime's locked dependencies. */
export async function imagesOf(lock: Lock): Promise<Image[]> {
  const files = await bundledFiles(fileURLToPath(new URL("../..", import.meta.url)));
  return [
    { name: "operator", packages: bundled(lock, files) },
    { name: "worker-runtime", packages: installed(lock, "worker-runtime") },
  ];
}
