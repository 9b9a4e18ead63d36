import { type CommandOptions, run, tryRun } from "./command.ts";
import { program } from "./packages.ts";
import { cachePath, statePath } from "./paths.ts";

// Layers are kept in the cache, so a rebuild after a small change takes seconds, and the machine's own buildah or
// podman storage is left alone. chroot isolation needs neither a daemon nor namespaces that a VM may refuse.
const storage = () => [
  `--root=${cachePath("images")}`,
  `--runroot=${statePath("run", "buildah")}`,
  "--storage-driver=overlay",
];
const environment = { BUILDAH_ISOLATION: "chroot" };

/** Runs buildah on the cluster's own image storage and returns its output. */
export function buildah(args: string[], options: CommandOptions = {}): Promise<string> {
  return run(program("buildah"), [...storage(), ...args], { ...options, env: { ...environment, ...options.env } });
}

/** The id of an image in the storage, or undefined when there is none of this name. */
export async function localImageId(reference: string): Promise<string | undefined> {
  const output = await tryRun(
    program("buildah"),
    [...storage(), "inspect", "--type=image", "--format={{.FromImageID}}", reference],
    { env: environment },
  );
  return output?.trim();
}
