import { run } from "./command.ts";
import { ctrArguments } from "./containerd.ts";
import { program } from "./packages.ts";

/** Imports an image archive (Docker's or OCI's) into the cluster's containerd, for pods to use. */
export async function importImage(archive: string): Promise<void> {
  await run(program("ctr"), ctrArguments("images", "import", archive));
}

/** Whether the cluster's containerd has an image of this name. */
export async function isImported(reference: string): Promise<boolean> {
  const output = await run(program("ctr"), ctrArguments("images", "list", "--quiet", `name==${reference}`));
  return output.trim() === reference;
}
